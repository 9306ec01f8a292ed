//! All that a run needs: the machine, the programs, the token, the size of a frame.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::floor::Mode;
use crate::kernel::most_unsent;
use crate::machine::{self, Machine};
use crate::options::Common;
use crate::outcome::Outcome;
use crate::probe;
use crate::setting::Setting;
use crate::stolen;
use crate::subject::{Kind, Running, Subject};

/// What signs the tokens of servers that live for some seconds, on this machine only.
const SECRET: &str = "a secret for the load of a benchmark";
/// What the answer of `/ws` has more than the text it answers: `Echo: `.
const ECHO: usize = 6;

/// What all runs share.
pub(crate) struct Lab {
    pub(crate) machine: Machine,
    /// The root of the repository.
    pub(crate) root: PathBuf,
    pub(crate) rounds: usize,
    generator: PathBuf,
    server: PathBuf,
    against: Option<PathBuf>,
    token: String,
    /// Bytes that a native message has more than its data.
    overhead: usize,
}

impl Lab {
    /// Looks around, and asks the server for a token and for the size of a message.
    pub(crate) fn new(common: &Common) -> Result<Self> {
        machine::raise_open_files();
        let machine = Machine::find()?;
        machine.as_generator()?;
        let root = common.root()?;
        let server = common.server(&root)?;
        let generator = common.generator.clone().unwrap_or_else(|| server.clone());
        let against = common.against.clone();
        for program in [Some(&server), Some(&generator), against.as_ref()].into_iter().flatten() {
            ensure!(program.is_file(), "there is no {}", program.display());
        }
        let token = token(&server)?;
        let rounds = common.rounds();
        let mut lab =
            Self { machine, root, rounds, generator, server, against, token, overhead: 0 };
        let running = lab.roomcast().start(&lab, &Setting::new("room", 1))?;
        lab.overhead = probe::overhead(running.address, &lab.token).context("size a message")?;
        Ok(lab)
    }

    /// The server that is measured.
    pub(crate) fn roomcast(&self) -> Subject {
        Subject::roomcast("roomcast", self.server.clone())
    }

    /// The server that it is compared with, if any.
    pub(crate) fn before(&self) -> Option<Subject> {
        Some(Subject::roomcast("roomcast before", self.against.clone()?))
    }

    /// Both floors, the one that is compared with first.
    pub(crate) fn floors(first: Mode) -> [Subject; 2] {
        let other = if first == Mode::Each { Mode::Batch } else { Mode::Each };
        [first, other].map(Subject::floor)
    }

    /// Roomcast's configuration for a load.
    pub(crate) fn config(&self, setting: &Setting) -> String {
        format!("[[auth.key]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n{}", setting.rooms)
    }

    /// One run of one subject.
    pub(crate) fn run(&self, subject: &Subject, setting: &Setting) -> Result<Outcome> {
        let running = subject.start(self, setting)?;
        let mut command = self.command(subject, setting, &running)?;
        let line = format!("{:?}", command.get_args().collect::<Vec<_>>());
        command.stdin(Stdio::null());
        let ((output, unsent), stolen) = stolen::share(|| {
            if setting.watches_kernel {
                let (output, most) = most_unsent(running.address.port(), || command.output());
                (output, Some(most))
            } else {
                (command.output(), None)
            }
        });
        let output = output.with_context(|| format!("start {}", self.generator.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        let mut outcome = Outcome::read(&text).with_context(|| {
            format!("{} {line}: {}\n{said}{text}{}", subject.name, output.status, running.log())
        })?;
        (outcome.unsent, outcome.stolen) = (unsent, stolen);
        Ok(outcome)
    }

    /// The generator, aimed at a subject that runs.
    pub(crate) fn command(
        &self,
        subject: &Subject,
        setting: &Setting,
        running: &Running,
    ) -> Result<Command> {
        let port = running.address.port();
        let mut size = setting.size;
        let mut options = ["--dialect", "plain"].map(str::to_owned).to_vec();
        let url = match &subject.kind {
            Kind::Floor(_) => {
                size += if setting.path == "/ws" { ECHO } else { self.overhead };
                let path = if setting.is_echo() { "echo" } else { "room/{room}" };
                format!("ws://127.0.0.1:{port}/{path}")
            }
            Kind::Roomcast(_) => {
                let dialect = if setting.path == "/v1/ws" { "native" } else { "guide" };
                options =
                    ["--dialect", dialect, "--token", &self.token].map(str::to_owned).to_vec();
                format!("ws://127.0.0.1:{port}{}", setting.path)
            }
            Kind::Peer(peer) => {
                options.extend(peer.options.iter().cloned());
                let url = peer.url(port, setting.is_echo());
                url.with_context(|| format!("{} has no echo", peer.title))?
            }
        };
        let (name, words) = setting.words.split_first().context("no scenario")?;
        let mut command = Command::new(&self.generator);
        command.args(["bench", name, &url]).args(words).args(options);
        command.args(["--size", &size.to_string(), "--for", &format!("{}s", setting.seconds)]);
        command.args(["--json", "--quiet", "--busy-poll", "--pid", &running.pid().to_string()]);
        // A token that somebody has in their environment is for another server.
        command.env_remove("ROOMCAST_TOKEN");
        Ok(command)
    }
}

/// A token that may do everything, for a day.
fn token(server: &PathBuf) -> Result<String> {
    let file = std::env::temp_dir().join(format!("roomcast-bench-{}", std::process::id()));
    fs::write(&file, SECRET).with_context(|| format!("write {}", file.display()))?;
    let mut command = Command::new(server);
    command.args(["token", "new", "--user", "bench", "--ttl", "1d", "--secret-file"]).arg(&file);
    let output = command.args(["--room", "*=join,publish,presence,history"]).output();
    fs::remove_file(&file)?;
    let output = output.with_context(|| format!("start {}", server.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && !text.is_empty(), "no token was made: {said}");
    Ok(text)
}
