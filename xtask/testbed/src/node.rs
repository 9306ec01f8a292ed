//! A node: `roomcast serve` in a process of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::folder::Folder;
use crate::ports;
use crate::process::Process;
use crate::until::{PATIENCE, until};

/// Ports that may be taken by somebody else before two are ours.
const TRIES: u32 = 10;
/// The exit code of a server whose port is taken.
const UNAVAILABLE: i32 = 69;
/// The line of the log that says it serves.
const SERVING: &str = r#""message":"serving""#;

/// How a node is started.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The program `roomcast`.
    pub program: PathBuf,
    /// The text of its configuration file, where `listen` and `admin.listen` need not stand.
    pub config: String,
    /// Its environment, such as `REDIS_URL`. Nothing else is in it.
    pub variables: Vec<(String, String)>,
    /// Its worker threads.
    pub workers: u32,
}

/// A running node; killed when it is dropped.
#[derive(Debug)]
pub struct Node {
    // The process goes before its folder.
    process: Process,
    folder: Folder,
    listen: SocketAddr,
    admin: SocketAddr,
    options: NodeOptions,
}

impl Node {
    /// Starts a node on spare ports and waits until it serves.
    pub fn start(options: &NodeOptions) -> Result<Self> {
        for _ in 0..TRIES {
            let folder = Folder::new("node")?;
            fs::write(folder.path().join("roomcast.toml"), &options.config)?;
            let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let (listen, admin) = (address(ports::spare()?), address(ports::spare()?));
            let process = launch(&folder, listen, admin, options)?;
            let options = options.clone();
            let mut node = Self { process, folder, listen, admin, options };
            if node.serves(1)? {
                return Ok(node);
            }
        }
        bail!("no ports were left for a node in {TRIES} tries")
    }

    /// Where clients connect. It stays the same over restarts.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Where operators look in and `/metrics` is. It stays the same over restarts.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Everything that it logged since it was started first.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// How its process ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.ended()
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Asks it to go away (SIGTERM); it drains.
    pub fn terminate(&mut self) -> Result<()> {
        self.process.signal(Signal::TERM)
    }

    /// Waits for its end.
    pub fn wait(&mut self, time: Duration) -> Result<ExitStatus> {
        self.process.wait(time).with_context(|| self.log())
    }

    /// Stops it (SIGSTOP): connections stay open, and nothing is answered.
    pub fn stop(&mut self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Lets it go on after [`Node::stop`].
    pub fn resume(&mut self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Starts it anew on its ports and waits until it serves. If it still runs, it is killed.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        let before = self.log().matches(SERVING).count();
        self.process = launch(&self.folder, self.listen, self.admin, &self.options)?;
        if !self.serves(before + 1)? {
            bail!("somebody else took a port of a node: {}", self.log());
        }
        Ok(())
    }

    /// Waits until it has said so often that it serves. `false` if a port is taken.
    fn serves(&mut self, times: usize) -> Result<bool> {
        until("a node that serves", PATIENCE, || {
            if let Some(status) = self.process.ended()? {
                let is_taken = status.code() == Some(UNAVAILABLE);
                anyhow::ensure!(is_taken, "the node ended with {status}");
                return Ok(Some(false));
            }
            Ok((self.log().matches(SERVING).count() >= times).then_some(true))
        })
        .with_context(|| self.log())
    }
}

fn launch(
    folder: &Folder,
    listen: SocketAddr,
    admin: SocketAddr,
    options: &NodeOptions,
) -> Result<Process> {
    let mut command = Command::new(&options.program);
    command.args(["serve", "--listen", &listen.to_string()]);
    command.args(["--workers", &options.workers.to_string()]);
    command.arg("--config").arg(folder.path().join("roomcast.toml"));
    command.env_clear().env("ROOMCAST_ADMIN_LISTEN", admin.to_string());
    command.env("ROOMCAST_LOG_FORMAT", "json");
    command.envs(options.variables.iter().map(|(name, value)| (name, value)));
    Process::start(&mut command, &folder.path().join("node.log"))
}
