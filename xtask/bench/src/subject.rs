//! What is measured: the floor, Roomcast, a peer. Each is started fresh for every run.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};
use roomcast_testbed::{Node, NodeOptions};

use crate::floor::Mode;
use crate::lab::Lab;
use crate::peer::Peer;
use crate::setting::Setting;

/// What a server prints when it can be connected to.
const LISTENING: &str = "listening on ";

/// One thing that is measured.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// What tables call it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What it is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Floor(Mode),
    /// This program `roomcast`.
    Roomcast(PathBuf),
    Peer(Peer),
}

/// A server that runs; gone when it is dropped.
pub(crate) struct Running {
    server: Server,
    pub(crate) address: SocketAddr,
}

enum Server {
    Node(Node),
    Program(Program),
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Subject {
    pub(crate) fn floor(mode: Mode) -> Self {
        let name = match mode {
            Mode::Each => "floor, one write a message",
            Mode::Batch => "floor, one write for all",
        };
        Self { name: name.to_owned(), kind: Kind::Floor(mode) }
    }

    pub(crate) fn roomcast(name: &str, program: PathBuf) -> Self {
        Self { name: name.to_owned(), kind: Kind::Roomcast(program) }
    }

    pub(crate) fn peer(peer: Peer) -> Self {
        Self { name: peer.title.clone(), kind: Kind::Peer(peer) }
    }

    /// Starts it on the server's core and waits until it listens.
    pub(crate) fn start(&self, lab: &Lab, setting: &Setting) -> Result<Running> {
        lab.machine.as_server(setting.workers as usize)?;
        let started = match &self.kind {
            Kind::Floor(mode) => start_floor(*mode),
            Kind::Roomcast(program) => start_node(program, lab, setting),
            Kind::Peer(peer) => start_program(&mut peer.command()?),
        };
        lab.machine.as_generator()?;
        started.with_context(|| format!("start {}", self.name))
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        match &self.server {
            Server::Node(node) => node.pid(),
            Server::Program(Program(child)) => child.id(),
        }
    }

    /// What a node logged since it started; programs that have no log gave it to the terminal.
    pub(crate) fn log(&self) -> String {
        match &self.server {
            Server::Node(node) => node.log(),
            Server::Program(_) => String::new(),
        }
    }
}

fn start_floor(mode: Mode) -> Result<Running> {
    let mode = match mode {
        Mode::Each => "each",
        Mode::Batch => "batch",
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor", "--listen", "127.0.0.1:0", "--mode", mode]);
    start_program(&mut command)
}

fn start_node(program: &std::path::Path, lab: &Lab, setting: &Setting) -> Result<Running> {
    let node = Node::start(&NodeOptions {
        program: program.to_owned(),
        config: lab.config(setting),
        variables: setting.variables(),
        workers: setting.workers,
    })?;
    let address = node.listen();
    Ok(Running { server: Server::Node(node), address })
}

fn start_program(command: &mut Command) -> Result<Running> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut program = Program(child.with_context(|| format!("cannot start {name}"))?);
    let mut out = BufReader::new(program.0.stdout.take().context("it has no output")?);
    let mut line = String::new();
    while out.read_line(&mut line)? > 0 {
        if let Some((_, address)) = line.split_once(LISTENING) {
            let address = address.trim();
            let address = address.parse().with_context(|| format!("`{address}` is no address"))?;
            // What else it prints must not fill the pipe.
            thread::spawn(move || std::io::copy(&mut out.take(u64::MAX), &mut std::io::sink()));
            return Ok(Running { server: Server::Program(program), address });
        }
        line.clear();
    }
    bail!("{name} ended ({}) before it said `{LISTENING}…`", program.0.wait()?)
}
