//! `roomcast dev` and `roomcast serve`: from arguments to settings that may be started from.

use crate::app::{App, AppError};
use crate::auth::keygen::{KeygenError, secret};
use crate::auth::{Key, Signer, TokenPlan};
use crate::cli::exit::Exit;
use crate::cli::token::now;
use crate::cli::{RunArgs, out};
use crate::config::load::DEFAULT_FILES;
use crate::config::{Loaded, Settings, Sources, load};
use crate::demo::{self, Demo};
use crate::link::NoRedis;
use crate::signal::Signals;
use crate::{limits, logging};
use anyhow::Context;
use roomcast_core::{Action, Grants};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How the server was asked to run.
#[derive(Debug)]
pub(crate) enum Mode {
    /// To be tried on this machine.
    Dev(Trial),
    /// In production.
    Serve,
}

/// What `dev` prints so that everything can be tried at once.
pub(crate) struct Trial {
    /// A token that may do everything; none where the configuration has only public keys.
    pub(crate) token: Option<String>,
    /// A key for the backend's interface; none where the configuration has its own.
    pub(crate) api_key: Option<String>,
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trial(…)")
    }
}

/// Runs the server in production.
pub(crate) fn serve(args: &RunArgs) -> ExitCode {
    let loaded = match loaded(args, false) {
        Ok(loaded) => loaded,
        Err(exit) => return exit.into(),
    };
    if let Some((error, help)) = lacks_keys(&loaded) {
        out::error(error, help);
        return Exit::Configuration.into();
    }
    launch(loaded.settings, Mode::Serve)
}

/// Runs the server to be tried.
pub(crate) fn dev(args: &RunArgs) -> ExitCode {
    let mut loaded = match loaded(args, true) {
        Ok(loaded) => loaded,
        Err(exit) => return exit.into(),
    };
    let listen = loaded.settings.transport.listen;
    if !listen.ip().is_loopback() {
        out::error(
            format_args!(
                "`dev` lets anyone do anything, and {listen} can be reached from other machines"
            ),
            "listen on this machine only (`--listen 127.0.0.1:7666`), or run `roomcast serve`",
        );
        return Exit::Configuration.into();
    }
    match trial(&mut loaded.settings) {
        Ok(trial) => launch(loaded.settings, Mode::Dev(trial)),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    out::note(format_args!("error: {error:#}"));
    Exit::Failed.into()
}

fn loaded(args: &RunArgs, loopback: bool) -> Result<Loaded, Exit> {
    let sources = Sources {
        listen: args.listen,
        workers: args.workers,
        loopback,
        ..Sources::of_process(args.config.clone())
    };
    let loaded = load(&sources);
    let report = match &loaded {
        Ok(loaded) => &loaded.report,
        Err(report) => report,
    };
    if !report.problems().is_empty() {
        out::note(report.to_string().trim_end());
    }
    loaded.map_err(|_| Exit::Configuration)
}

/// Why `serve` must not be reached from other machines, and the commands that mend it.
fn lacks_keys(loaded: &Loaded) -> Option<(String, String)> {
    let Loaded { settings, file, .. } = loaded;
    let listen = settings.transport.listen;
    let token = settings.gatekeeper.keys().is_empty();
    let api = settings.api_keys.is_empty();
    let missing = match (token, api) {
        _ if listen.ip().is_loopback() => return None,
        (false, false) => return None,
        (true, true) => "a token key and an API key",
        (true, false) => "a token key",
        (false, true) => "an API key",
    };
    let file = file.as_deref().unwrap_or(Path::new(DEFAULT_FILES[0]));
    let file = out::shell_word(&file.display().to_string());
    let mut help = String::from("run");
    if token {
        help.push_str(&format!("\n    roomcast keygen --into {file}"));
    }
    if api {
        help.push_str(&format!("\n    roomcast keygen --api-key --into {file}"));
    }
    Some((format!("{listen} can be reached from other machines, so `serve` needs {missing}"), help))
}

/// Opens the settings for a trial: anyone may do anything, unless the configuration says what.
fn trial(settings: &mut Settings) -> anyhow::Result<Trial> {
    if settings.gatekeeper.keys().is_empty() {
        let secret = secret()?;
        let key = Key::from_secret(None, secret.as_bytes())?;
        // The keyring is empty, so no other key has the name.
        let _ = settings.gatekeeper.keys_mut().add(key);
        settings.signers.push(Signer::from_secret(None, secret.as_bytes())?);
    }
    demo::add_kinds(&mut settings.engine.rooms)?;
    settings.anonymous.get_or_insert_with(|| Arc::new(Grants::everything()));
    let api_key = if settings.api_keys.is_empty() { Some(trial_key(settings)?) } else { None };
    let rules = settings.gatekeeper.rules();
    let plan = TokenPlan {
        user: "ann".into(),
        name: Some("Ann".into()),
        rooms: vec![("*".into(), Action::ALL.to_vec())],
        now: now(),
        ttl: Duration::from_secs(86_400),
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    let token = settings.signers.first().map(|signer| signer.sign(&plan.claims())).transpose()?;
    Ok(Trial { token, api_key })
}

fn trial_key(settings: &mut Settings) -> Result<String, KeygenError> {
    let key = secret()?;
    settings.api_keys.add("dev", key.as_bytes());
    Ok(key)
}

fn launch(settings: Settings, mode: Mode) -> ExitCode {
    logging::init(settings.log);
    logging::log_panics();
    limits::raise_open_files();
    start(settings, mode).context("the server failed").unwrap_or_else(|error| failed(&error))
}

/// Starts the server and comes back when it has ended.
fn start(settings: Settings, mode: Mode) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(live(settings, mode))
}

/// The life of the server.
async fn live(settings: Settings, mode: Mode) -> anyhow::Result<ExitCode> {
    let mut leave = Signals::listen()?;
    let mut hurry = Signals::listen()?;
    let app = tokio::select! {
        app = begin(settings, &mode) => app,
        // It may wait for Redis.
        () = leave.next() => return Ok(Exit::Done.into()),
    };
    let app = match app {
        Ok(app) => app,
        Err(error) => return unavailable(error),
    };
    let mut _demo = None;
    match mode {
        Mode::Dev(trial) => {
            _demo = Some(Demo::start(&app)?);
            greet(app.addr(), &trial);
        }
        Mode::Serve => {
            let admin = app.admin().map(tracing::field::display);
            tracing::info!(listen = %app.addr(), admin, "serving");
        }
    }
    let second = async move {
        hurry.next().await;
        hurry.next().await;
    };
    let broken = app.broken();
    let cut = tokio::select! {
        cut = app.run(leave.next(), second) => cut,
        () = broken => anyhow::bail!("a part of the server panicked: its rooms, or the link to others, are gone"),
    };
    if cut > 0 {
        tracing::warn!(connections = cut, "cut at the end of the drain");
    }
    tracing::info!("gone");
    Ok(Exit::Done.into())
}

async fn begin(settings: Settings, mode: &Mode) -> Result<App, AppError> {
    match mode {
        Mode::Dev(_) => App::dev(settings).await,
        Mode::Serve => App::serve(settings).await,
    }
}

/// What the server needs is not to be had, or something failed.
fn unavailable(error: AppError) -> anyhow::Result<ExitCode> {
    match error {
        AppError::Listen(error) => out::note(format_args!("error: {error}")),
        AppError::Redis(error) => out::error(error, NoRedis::HELP),
        error => return Err(error.into()),
    }
    Ok(Exit::Unavailable.into())
}

/// What to try, for people.
fn greet(addr: SocketAddr, trial: &Trial) {
    let token = trial.token.as_deref().unwrap_or("TOKEN");
    out::result(format_args!(
        "Roomcast {} is running, for trying things on this machine.

  Open the demos in two browser tabs
    http://{addr}/

  Connect a program
    ws://{addr}/v1/ws              many rooms on one socket (roomcast.v1.json)
    ws://{addr}/ws                 echo
    ws://{addr}/ws/chat/lobby      a room of {{\"user\",\"text\"}}
    ws://{addr}/ws/reliable        pings and pongs
    ws://{addr}/ws/secure?token={token}

  Look inside
    http://{addr}/health  /ready  /metrics  /v1/auth/check
",
        env!("CARGO_PKG_VERSION")
    ));
    if let Some(key) = &trial.api_key {
        out::result(format_args!(
            "  A backend's API key\n    {key}\n\n  Watch all of it\n    http://{addr}/console#key={key}\n"
        ));
    }
    out::result("  Ctrl-C ends it.");
}
