//! A real `redis-server`, alone on a port of its own.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::folder::Folder;
use crate::ports;
use crate::process::Process;
use crate::resp::{Connection, Reply};
use crate::until::{PATIENCE, until};

/// Ports that may be taken by somebody else before one is ours.
const TRIES: u32 = 10;

/// How a Redis server is started. By default: without a password, and it keeps nothing on disk.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// Keeps everything on disk before it answers (`appendonly`, with `appendfsync always`), so
    /// that it is there again after [`Redis::kill`] and [`Redis::restart`].
    pub append_only: bool,
    /// Clients must show this password.
    pub password: Option<String>,
    /// The password is this user's, and the user `default` is off.
    pub user: Option<String>,
    /// More arguments, such as `["--maxmemory", "1mb"]`.
    pub arguments: Vec<String>,
}

/// A running Redis server; gone with its folder when it is dropped.
#[derive(Debug)]
pub struct Redis {
    // The process goes before its folder.
    process: Process,
    folder: Folder,
    port: u16,
    options: RedisOptions,
}

impl Redis {
    /// Starts a server and waits until it answers.
    pub fn start(options: &RedisOptions) -> Result<Self> {
        for _ in 0..TRIES {
            let (port, folder) = (ports::spare()?, Folder::new("redis")?);
            let process = launch(&folder, port, options)?;
            let mut redis = Self { process, folder, port, options: options.clone() };
            if redis.answers()? {
                return Ok(redis);
            }
        }
        bail!("no port was left for Redis in {TRIES} tries")
    }

    /// Where it is, with the password.
    #[must_use]
    pub fn url(&self) -> String {
        let user = self.options.user.as_deref().unwrap_or_default();
        let login = self.options.password.as_ref().map(|password| format!("{user}:{password}@"));
        format!("redis://{}127.0.0.1:{}", login.unwrap_or_default(), self.port)
    }

    /// Its port on the loopback interface. It stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Everything that it wrote since it was started, or lost its data last.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it anew on its port and waits until it answers. If it still runs, it is killed.
    /// What it keeps on disk is there again, or not.
    pub fn restart(&mut self, keep_data: bool) -> Result<()> {
        self.process.kill()?;
        if !keep_data {
            self.folder.clear()?;
        }
        self.process = launch(&self.folder, self.port, &self.options)?;
        if !self.answers()? {
            bail!("somebody else took port {} of Redis: {}", self.port, self.log());
        }
        Ok(())
    }

    /// Stops it (SIGSTOP): connections stay open, and nothing is answered.
    pub fn stop(&mut self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Lets it go on after [`Redis::stop`].
    pub fn resume(&mut self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Sends one command on a connection of its own. What Redis refuses is an error.
    pub fn command(&self, words: &[&str]) -> Result<Reply> {
        match self.connect()?.ask(words)? {
            Reply::Error(error) => bail!("{}: {error}", words.join(" ")),
            reply => Ok(reply),
        }
    }

    /// Opens a connection, logged in.
    pub fn connect(&self) -> Result<Connection> {
        let mut connection = Connection::open(self.port, PATIENCE)?;
        if let Some(password) = &self.options.password {
            let user = self.options.user.as_deref().unwrap_or("default");
            let reply = connection.ask(&["AUTH", user, password])?;
            anyhow::ensure!(reply.text() == Some("OK"), "AUTH: {reply:?}");
        }
        Ok(connection)
    }

    /// Waits until this server, and no other on its port, answers. `false` if the port is taken.
    fn answers(&mut self) -> Result<bool> {
        let own = format!("process_id:{}\r\n", self.pid());
        until("an answer of Redis", PATIENCE, || {
            if let Some(status) = self.process.ended()? {
                let log = self.log();
                let is_taken = log.contains("Address already in use");
                anyhow::ensure!(is_taken, "redis-server ended with {status}: {log}");
                return Ok(Some(false));
            }
            // While it reads its data it answers INFO, but not PING.
            let is_ready = self.command(&["PING"]).is_ok();
            let info = is_ready.then(|| self.command(&["INFO", "server"]).ok()).flatten();
            Ok(info.is_some_and(|i| i.text().is_some_and(|i| i.contains(&own))).then_some(true))
        })
        .with_context(|| self.log())
    }
}

fn launch(folder: &Folder, port: u16, options: &RedisOptions) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.arg("--dir").arg(folder.path());
    if options.append_only {
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    }
    match (&options.user, &options.password) {
        (Some(user), password) => {
            let password = password.as_ref().context("a user of Redis needs a password")?;
            command.args(["--user", "default", "off", "--user", user, "on"]);
            command.args([&format!(">{password}"), "~*", "&*", "+@all"]);
        }
        (None, Some(password)) => _ = command.args(["--requirepass", password]),
        (None, None) => {}
    }
    Process::start(command.args(&options.arguments), &folder.path().join("redis.log"))
}

/// Polls a server's own words about itself until one line stands there.
pub(crate) fn until_it_says(redis: &Redis, question: &[&str], lines: &[&str]) -> Result<()> {
    until(&lines.join(", "), Duration::from_secs(30), || {
        let reply = redis.command(question)?;
        let text = reply.text().unwrap_or_default();
        Ok(lines.iter().all(|line| text.lines().any(|said| said == *line)).then_some(()))
    })
}
