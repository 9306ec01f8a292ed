//! One program in a process of its own: signals, its end, and what it wrote.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::until::until;

/// A child process; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command. What it writes goes to the end of this file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let open = || OpenOptions::new().create(true).append(true).open(log);
        let (out, err) = (open()?, open()?);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal. To a process that has ended nothing is sent.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_none() {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            kill_process(pid.context("an impossible process id")?, signal)?;
        }
        Ok(())
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<ExitStatus> {
        until("the end of a process", time, || self.ended())
    }

    /// Ends it at once, even where it is stopped.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// Everything that it and those before it wrote to the same file.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map_or_else(
            |error| format!("cannot read {}: {error}", self.log.display()),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that is gone already is what is wanted.
        let _ = self.signal(Signal::CONT);
        let _ = self.kill();
    }
}
