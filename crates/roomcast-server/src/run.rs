//! `roomcast dev` and `roomcast serve`: from arguments to settings that may be started from.

use crate::auth::keygen::{KeygenError, secret};
use crate::auth::{Key, Signer, TokenPlan};
use crate::cli::exit::Exit;
use crate::cli::token::now;
use crate::cli::{RunArgs, out};
use crate::config::load::DEFAULT_FILES;
use crate::config::{Loaded, Settings, Sources, load};
use crate::{limits, logging};
use anyhow::Context;
use roomcast_core::{Action, Grants};
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
    limits::raise_open_files();
    start(settings, mode).context("the server failed").unwrap_or_else(|error| failed(&error))
}

/// Starts the server and comes back when it has ended.
#[expect(clippy::needless_pass_by_value, reason = "the application will own both")]
pub(crate) fn start(settings: Settings, mode: Mode) -> anyhow::Result<ExitCode> {
    // The application starts here.
    if let Mode::Dev(trial) = &mode {
        let lines = [("token", &trial.token), ("API key", &trial.api_key)];
        for (what, value) in lines {
            if let Some(value) = value {
                out::result(format_args!("{what}: {value}"));
            }
        }
    }
    tracing::info!(listen = %settings.transport.listen, ?mode, "configured");
    Ok(Exit::Done.into())
}
