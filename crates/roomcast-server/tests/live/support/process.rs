//! The real program in a process of its own.

use super::{File, token, within};
use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A running `roomcast`; killed if the test fails.
pub(crate) struct Program {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    said: Arc<Mutex<String>>,
    readers: [JoinHandle<()>; 2],
    _config: File,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Everything that it wrote, to both of its outputs.
    pub(crate) said: String,
}

impl Program {
    /// Runs the command with this configuration and these variables beside those of the tests.
    pub(crate) fn run(command: &str, config: &str, vars: &[(&str, &str)]) -> Self {
        let config = File::new(config);
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(command.split(' '))
            .arg("--config")
            .arg(&config.0)
            .env_clear()
            .env("ROOMCAST_AUTH_SECRET", token::SECRET)
            .env("ROOMCAST_ADMIN_LISTEN", "127.0.0.1:0")
            .envs(vars.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let said = Arc::default();
        let out = read(child.stdout.take().unwrap(), sender.clone(), Arc::clone(&said));
        let err = read(child.stderr.take().unwrap(), sender, Arc::clone(&said));
        Self { child, lines, said, readers: [out, err], _config: config }
    }

    /// `serve`: where clients connect, and where operators look.
    pub(crate) async fn serve(
        config: &str,
        vars: &[(&str, &str)],
    ) -> (Self, SocketAddr, SocketAddr) {
        let mut program = Self::run("serve --listen 127.0.0.1:0 --workers 2", config, vars);
        let line = program.line_with(r#""message":"serving""#).await;
        let listen = between(&line, r#""listen":""#, "\"");
        let admin = between(&line, r#""admin":""#, "\"");
        (program, listen, admin)
    }

    /// `dev`: where it is.
    pub(crate) async fn dev(config: &str, vars: &[(&str, &str)]) -> (Self, SocketAddr) {
        let mut program = Self::run("dev --listen 127.0.0.1:0 --workers 2", config, vars);
        let line = program.line_with("    http://").await;
        (program, between(&line, "http://", "/"))
    }

    /// The next line that contains this.
    pub(crate) async fn line_with(&mut self, part: &str) -> String {
        within(async {
            loop {
                let line = self.lines.recv().await;
                let line = line.unwrap_or_else(|| panic!("no {part} in {}", self.said()));
                if line.contains(part) {
                    return line;
                }
            }
        })
        .await
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let status = within(self.child.wait()).await.unwrap();
        for reader in &mut self.readers {
            within(reader).await.unwrap();
        }
        Ended { code: status.code(), said: self.said() }
    }
}

fn read(
    from: impl AsyncRead + Unpin + Send + 'static,
    to: mpsc::UnboundedSender<String>,
    said: Arc<Mutex<String>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            said.lock().unwrap().push_str(&format!("{line}\n"));
            // Nobody may wait for a line any more.
            let _ = to.send(line);
        }
    })
}

/// The address between these two in a line.
pub(crate) fn between(line: &str, before: &str, after: &str) -> SocketAddr {
    let (_, rest) = line.split_once(before).unwrap_or_else(|| panic!("{line}"));
    rest.split_once(after).unwrap().0.parse().unwrap()
}
