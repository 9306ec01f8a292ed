//! `roomcast bench`: loads a server, times every delivery and says whether all held.

mod scenario;
mod show;

use super::exit::Exit;
use super::out;
use crate::config::value::Span;
use clap::{Args, Subcommand};
use roomcast_load::{BenchError, Dialect, Plan, PlanError, Report, Script, Target};
use scenario::{ChurnArgs, EchoArgs, IdleArgs, RoomArgs, RoomsArgs, StormArgs};
use std::time::Duration;

const EXAMPLES: &str = "\
Open loop: with --rate a message has a moment at which it is meant to be sent, and its latency
counts from there, however late the server or the generator is. With --in-flight the next message
waits for the server, which shows how much it can do at most.

Examples:
  roomcast bench room --members 1000 --rate 100             one room, 100,000 deliveries a second
  roomcast bench room --members 1000 --in-flight 32         as fast as the server can
  roomcast bench rooms --rooms 200 --members 10 --rate 10 --p99 5ms
                                                            exit code 1 if the p99 is above 5 ms
  roomcast bench echo ws://127.0.0.1:7666/ws --connections 100 --in-flight 1
  roomcast bench idle --connections 10000 --pid $(pidof roomcast)
                                                            memory of a connection
  roomcast bench churn --connections 1000 --for 30s --json  handshakes a second
  roomcast bench storm --members 5000 --rooms 50 --rate 1   all cut at once: nothing may be lost

Another server, which sends each text to everyone (here Socket.IO's protocol):
  roomcast bench room 'ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket' \\
    --members 1000 --rate 100 --dialect plain \\
    --hello '' --until '0{' --hello 40 --until '40{' \\
    --hello '42[\"join\",\"{room}\"]' --until '42[\"joined\"' \\
    --message '42[\"message\",\"{room}\",\"{data}\"]' --answer 2=3

A server of this project limits what one client may send. For a load test start it with
  ROOMCAST_LIMITS_COMMANDS_PER_SECOND=1000000 ROOMCAST_LIMITS_BURST=1000000 roomcast dev

Exit codes: 0 all held; 1 something was lost, doubled, reordered, closed or failed, or the mark
was missed; 2 usage; 69 nobody listens there.";

/// The scenarios.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum BenchCommand {
    /// One room: each message goes to all its members
    #[command(after_help = EXAMPLES)]
    Room(RoomArgs),
    /// Many rooms with one publisher each; --rate and --in-flight are of each room
    Rooms(RoomsArgs),
    /// Each connection gets back what it sent; --rate and --in-flight are of each connection
    Echo(EchoArgs),
    /// Connections that only are there: memory, and the cost of heartbeats
    Idle(IdleArgs),
    /// The oldest connection closes and a new one opens, again and again
    Churn(ChurnArgs),
    /// All members are cut at once and come back; nothing may be lost
    Storm(StormArgs),
}

const SERVER: &str = "ws://127.0.0.1:7666/v1/ws";
const SERVER_GUIDE: &str = "ws://127.0.0.1:7666/ws/chat/{room}";

/// How long a connection may take to become ready, and the last deliveries to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all scenarios take.
#[derive(Debug, Args)]
struct Common {
    /// The server; {room} in it stands for the room's name [default: ws://127.0.0.1:7666/v1/ws]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Bytes of a message's data, at least 16
    #[arg(long, default_value_t = 128, value_name = "BYTES")]
    size: usize,
    /// How long is measured
    #[arg(long = "for", default_value = "10s", value_name = "DURATION")]
    measured: Span,
    /// How long the same is done before that
    #[arg(long, default_value = "1s", value_name = "DURATION")]
    warm_up: Span,
    /// Never sleep while messages are sent: takes a whole core, but a server on this machine is not
    /// charged for waking this program
    #[arg(long)]
    busy_poll: bool,
    /// How many connections may be opening at the same time [default: 256, of churn 64]
    #[arg(long, value_name = "N")]
    at_once: Option<usize>,
    /// A token for the server
    #[arg(long, env = "ROOMCAST_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// native, guide or plain [default: guide at /ws and /ws/chat/…, else native]
    #[arg(long, value_parser = read_dialect)]
    dialect: Option<Dialect>,
    /// Write the result as one JSON object
    #[arg(long)]
    json: bool,
    /// Fail if the p99 is above this
    #[arg(long, value_name = "DURATION", value_parser = read_mark)]
    p99: Option<Duration>,
    /// The server's process on this machine: tells its time on the processors and its memory
    #[arg(long)]
    pid: Option<u32>,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    plain: Plain,
}

/// What another server wants to hear.
#[derive(Debug, Args)]
#[command(next_help_heading = "Another server (--dialect plain)")]
struct Plain {
    /// A text to send after the handshake; repeatable, '' sends nothing
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    hello: Vec<String>,
    /// What a frame must contain before the next hello; repeatable, one for each hello
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    until: Vec<String>,
    /// How a message is sent, with {room} and {data} [default: {data}]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    message: Option<String>,
    /// A text that is answered; repeatable
    #[arg(long, value_name = "PING=PONG", allow_hyphen_values = true)]
    answer: Vec<String>,
}

impl Plain {
    fn is_used(&self) -> bool {
        let Self { hello, until, message, answer } = self;
        message.is_some() || [hello, until, answer].iter().any(|texts| !texts.is_empty())
    }
}

fn read_dialect(name: &str) -> Result<Dialect, String> {
    let all = [Dialect::Native, Dialect::Guide, Dialect::Plain];
    let found = all.into_iter().find(|dialect| dialect.name() == name);
    found.ok_or_else(|| "the dialects are native, guide and plain".to_owned())
}

/// A mark may be finer than a configuration's durations.
fn read_mark(text: &str) -> Result<Duration, String> {
    if let Some(number) = text.strip_suffix("us").or_else(|| text.strip_suffix("µs")) {
        let micros = number.parse().map_err(|_| "write a duration such as 500us".to_owned())?;
        return Ok(Duration::from_micros(micros));
    }
    text.parse::<Span>().map(|span| span.0).map_err(|error| error.to_string())
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
enum Mistake {
    #[error(transparent)]
    Target(#[from] roomcast_load::TargetError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("{0}")]
    Option(&'static str),
}

impl Common {
    fn plan(&self, scenario: roomcast_load::Scenario) -> Result<Plan, Mistake> {
        let guide = self.dialect == Some(Dialect::Guide);
        let server = if guide { SERVER_GUIDE } else { SERVER };
        let target = Target::parse(self.url.as_deref().unwrap_or(server))?;
        let script = self.script(&target)?;
        let churn = matches!(scenario, roomcast_load::Scenario::Churn { .. });
        let plan = Plan {
            target,
            script,
            scenario,
            size: self.size,
            measured: self.measured.0,
            warm_up: self.warm_up.0,
            busy_poll: self.busy_poll,
            at_once: self.at_once.unwrap_or(if churn { 64 } else { 256 }),
            token: self.token.clone().filter(|token| !token.is_empty()),
            pid: self.pid,
            mark: self.p99,
            patience: PATIENCE,
        };
        plan.check()?;
        Ok(plan)
    }

    fn script(&self, target: &Target) -> Result<Script, Mistake> {
        let Plain { hello, until, message, answer } = &self.plain;
        let named = self.dialect.unwrap_or_else(|| Dialect::of(target));
        match (self.plain.is_used(), self.dialect) {
            (true, None | Some(Dialect::Plain)) => {
                Ok(Script::plain(hello, until, message.as_deref(), answer)?)
            }
            (true, Some(_)) => Err(Mistake::Option(
                "--hello, --until, --message and --answer are for --dialect plain",
            )),
            (false, _) => Ok(Script::preset(named, target)),
        }
    }
}

pub(super) fn run(command: &BenchCommand) -> Exit {
    let (common, scenario) = command.parts();
    let plan = match common.plan(scenario) {
        Ok(plan) => plan,
        Err(mistake) => {
            out::error(mistake, "`roomcast bench --help` has examples");
            return Exit::Usage;
        }
    };
    let mut bar = show::Bar::new(&plan, common.quiet);
    let found = roomcast_load::run(&plan, &mut |progress| bar.tell(progress));
    bar.clear();
    match found {
        Ok(report) => tell(&report, common.json),
        Err(error) => {
            out::note(format_args!("error: {error}"));
            match error {
                BenchError::Plan(_) => Exit::Usage,
                BenchError::Nobody(_) => Exit::Unavailable,
                _ => Exit::Failed,
            }
        }
    }
}

fn tell(report: &Report, json: bool) -> Exit {
    if json {
        match serde_json::to_string(report) {
            Ok(text) => out::result(text),
            Err(error) => {
                out::note(format_args!("error: the result is no JSON: {error}"));
                return Exit::Failed;
            }
        }
        report.notes.iter().for_each(|note| out::note(format_args!("note: {note}")));
    } else {
        out::result(show::Table(report));
    }
    if report.passed { Exit::Done } else { Exit::Failed }
}
