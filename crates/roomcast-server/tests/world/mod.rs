//! A folder of its own for each test, and the program run in it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("roomcast-cli-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // A run before us with the same process id may have been cut short.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with these arguments, here, and without the variables of whoever runs us.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
        command.args(arguments.split_whitespace()).current_dir(&self.0).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn roomcast(&self, arguments: &str) -> Ended {
        self.roomcast_with(arguments, &[])
    }

    pub(crate) fn roomcast_with(&self, arguments: &str, vars: &[(&str, &str)]) -> Ended {
        let output = self.command(arguments).envs(vars.iter().copied()).output().unwrap();
        ended(output)
    }

    pub(crate) fn roomcast_reading(&self, arguments: &str, input: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ended(child.wait_with_output().unwrap())
    }

    /// The first line that a run writes to standard error; then the run is ended.
    pub(crate) fn first_line_of(&self, arguments: &str) -> String {
        let mut child = self.command(arguments).stdout(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        line
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ended(output: std::process::Output) -> Ended {
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Only the exit code.
pub(crate) fn exit_of(folder: &Folder, arguments: &str) -> i32 {
    folder.roomcast(arguments).code
}
