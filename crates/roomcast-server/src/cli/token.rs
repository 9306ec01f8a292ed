//! `roomcast token`: makes tokens, and says why one is refused.

use super::exit::Exit;
use super::out;
use crate::auth::{Algorithm, Signer, TokenPlan};
use crate::config::value::Span;
use crate::config::{Loaded, Sources, load};
use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use roomcast_core::{Action, Denied, Gatekeeper, Pattern};
use roomcast_protocol::command::Token;
use roomcast_protocol::{Timestamp, UserId};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it
    New(NewArgs),
    /// Say who a token is for, or why it is refused
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The user's id
    #[arg(long, value_name = "ID")]
    user: UserId,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// What the user may do in the rooms of a pattern, such as 'chat:*=join,publish'; repeatable
    #[arg(long = "room", value_name = "PATTERN=ACTIONS", value_parser = read_room)]
    rooms: Vec<(String, Vec<Action>)>,
    /// How long the token is valid
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    ttl: Span,
    /// The `iss`, in place of the configured one
    #[arg(long)]
    issuer: Option<String>,
    /// The `aud`, in place of the configured one
    #[arg(long)]
    audience: Option<String>,
    /// Configuration whose secret signs, and whose issuer and audience are set
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file with the HS256 secret that signs
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    secret_file: Option<PathBuf>,
    /// A private key in PKCS#8 PEM that signs
    #[arg(long, value_name = "FILE", requires = "algorithm")]
    key_file: Option<PathBuf>,
    /// What the private key is for: RS256, ES256 or EdDSA
    #[arg(long, value_parser = super::keygen::read_algorithm)]
    algorithm: Option<Algorithm>,
    /// The name of the key; with a configuration, which of its keys signs
    #[arg(long)]
    kid: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The token; - reads it from standard input, which keeps it out of the list of processes
    token: String,
    /// Configuration with the keys
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(command: TokenCommand) -> Exit {
    match command {
        TokenCommand::New(args) => match new(args) {
            Ok(Ok(token)) => {
                out::result(token);
                Exit::Done
            }
            Ok(Err(exit)) => exit,
            Err(error) => fail(&error),
        },
        TokenCommand::Verify(args) => verify(args).unwrap_or_else(|error| fail(&error)),
    }
}

fn fail(error: &anyhow::Error) -> Exit {
    out::note(format_args!("error: {error:#}"));
    Exit::Failed
}

fn read_room(text: &str) -> Result<(String, Vec<Action>), String> {
    // A pattern may hold `=`, actions never do.
    let (pattern, actions) = text.rsplit_once('=').ok_or("write PATTERN=ACTION,ACTION")?;
    Pattern::new(pattern).map_err(|error| error.to_string())?;
    let unknown = || "the actions are join, publish, presence, history".to_owned();
    let actions = actions.split(',').map(|name| Action::from_name(name).ok_or_else(unknown));
    Ok((pattern.to_owned(), actions.collect::<Result<_, _>>()?))
}

/// The configuration, or the end of the program if it is wrong.
fn configured(file: Option<PathBuf>) -> Result<Box<Loaded>, Exit> {
    load(&Sources::of_process(file)).map(Box::new).map_err(|report| {
        out::note(report.to_string().trim_end());
        Exit::Configuration
    })
}

fn new(args: NewArgs) -> anyhow::Result<Result<String, Exit>> {
    let own_key = args.secret_file.is_some() || args.key_file.is_some();
    let loaded = if args.config.is_some() || !own_key {
        match configured(args.config.clone()) {
            Ok(loaded) => Some(loaded),
            Err(exit) => return Ok(Err(exit)),
        }
    } else {
        None
    };
    ensure!(args.ttl.0.as_secs() > 0, "--ttl must be at least 1s");
    let signer = signer(&args, loaded.as_deref())?;
    let rules = loaded.as_ref().map(|loaded| loaded.settings.gatekeeper.rules());
    let plan = TokenPlan {
        user: args.user.to_string(),
        name: args.name,
        rooms: args.rooms,
        now: now(),
        ttl: args.ttl.0,
        issuer: args.issuer.or_else(|| rules?.issuer.clone()),
        audience: args.audience.or_else(|| rules?.audience.first().cloned()),
    };
    Ok(Ok(signer.sign(&plan.claims())?))
}

fn signer(args: &NewArgs, loaded: Option<&Loaded>) -> anyhow::Result<Signer> {
    let kid = args.kid.clone();
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    if let Some(file) = &args.secret_file {
        return Ok(Signer::from_secret(
            kid,
            read(file)?.trim_end_matches(['\n', '\r']).as_bytes(),
        )?);
    }
    if let (Some(file), Some(algorithm)) = (&args.key_file, args.algorithm) {
        return Ok(Signer::from_private_pem(kid, algorithm, &read(file)?)?);
    }
    let signers = loaded.map(|loaded| loaded.settings.signers.as_slice()).unwrap_or_default();
    let fits = |signer: &&Signer| kid.is_none() || signer.kid() == kid.as_deref();
    match signers.iter().find(fits) {
        Some(signer) => Ok(signer.clone()),
        None => bail!(
            "the configuration has no secret that signs\n  help: name the private key: --key-file private.pem --algorithm ES256 --kid KID"
        ),
    }
}

fn verify(args: VerifyArgs) -> anyhow::Result<Exit> {
    let loaded = match configured(args.config) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let token = match args.token.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?,
        token => token.to_owned(),
    };
    let token = Token(token.trim().to_owned());
    match loaded.settings.gatekeeper.admit(&token, now()) {
        Ok(_) => {
            describe(&claims(&token).unwrap_or_default());
            Ok(Exit::Done)
        }
        Err(denied) => {
            out::note(format_args!("refused ({}): {denied}", denied.slug()));
            if denied == Denied::UnknownKey && loaded.settings.gatekeeper.keys().is_empty() {
                out::note("  help: the configuration has no token key: see `roomcast keygen`");
            }
            Ok(Exit::Failed)
        }
    }
}

/// The claims of a token that was admitted.
fn claims(token: &Token) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.0.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

fn describe(claims: &Value) {
    for (label, claim) in [("user", "sub"), ("name", "name"), ("issuer", "iss")] {
        if let Some(text) = claims[claim].as_str() {
            out::result(format_args!("{label}: {text}"));
        }
    }
    if let Some(seconds) = claims["exp"].as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let expires = Timestamp::from_millis((seconds * 1_000.0) as i64);
        out::result(format_args!("expires: {expires}"));
    }
    for (pattern, actions) in claims["rooms"].as_object().into_iter().flatten() {
        let actions = actions.as_array().into_iter().flatten().filter_map(Value::as_str);
        out::result(format_args!("room {pattern}: {}", actions.collect::<Vec<_>>().join(", ")));
    }
    if let Some(limits) = claims.get("limits") {
        out::result(format_args!("limits: {limits}"));
    }
}

/// The system's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
