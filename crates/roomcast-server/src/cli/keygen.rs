//! `roomcast keygen`: keys for tokens and for backends, and the tables that name them.

use super::exit::Exit;
use super::out;
use crate::auth::keygen::{KeyPair, secret, secret_kid};
use crate::auth::{Algorithm, KeyError};
use anyhow::Context;
use clap::Args;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// What tokens are signed with: HS256, RS256, ES256 or EdDSA
    #[arg(long, default_value = "HS256", value_parser = read_algorithm)]
    algorithm: Algorithm,
    /// Make a key for a backend instead
    #[arg(long, conflicts_with_all = ["algorithm", "kid"])]
    api_key: bool,
    /// What logs call the backend
    #[arg(long, default_value = "backend", requires = "api_key")]
    name: String,
    /// The name of the key in tokens [default: made up]
    #[arg(long)]
    kid: Option<String>,
    /// Folder for the files of the key; needed for RS256, ES256 and EdDSA
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Configuration file that the table is appended to, made if it is not there
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

/// Reads the name of an algorithm.
pub(super) fn read_algorithm(name: &str) -> Result<Algorithm, String> {
    let unknown = || "use HS256, RS256, ES256 or EdDSA".to_owned();
    Algorithm::from_name(name).ok_or_else(unknown)
}

pub(super) fn run(args: &KeygenArgs) -> Exit {
    if args.out.is_none() && !args.api_key && args.algorithm != Algorithm::Hs256 {
        out::error(format_args!("{} has files", args.algorithm), "name their folder: --out DIR");
        return Exit::Usage;
    }
    match make(args) {
        Ok(()) => Exit::Done,
        Err(error) => {
            out::note(format_args!("error: {error:#}"));
            Exit::Failed
        }
    }
}

fn make(args: &KeygenArgs) -> anyhow::Result<()> {
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let table = if args.api_key {
        let lines = secret_lines(args, "api-key")?;
        format!("[[api.key]]\nname = {}\n{lines}", quoted(&args.name))
    } else if args.algorithm == Algorithm::Hs256 {
        let kid = args.kid.clone().map_or_else(secret_kid, Ok)?;
        let lines = secret_lines(args, "secret")?;
        format!("[[auth.key]]\nkid = {}\nalgorithm = \"HS256\"\n{lines}", quoted(&kid))
    } else {
        pair(args)?
    };
    match &args.into {
        None => out::result(table.trim_end()),
        Some(file) => append(file, &table)?,
    }
    Ok(())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A fresh secret: in the table itself, or in a file of the folder.
fn secret_lines(args: &KeygenArgs, name: &str) -> anyhow::Result<String> {
    let secret = secret()?;
    let Some(folder) = &args.out else { return Ok(format!("secret = {}\n", quoted(&secret))) };
    let file = write(folder, name, 0o600, &format!("{secret}\n"))?;
    Ok(format!("secret_file = {}\n", quoted(&file)))
}

fn pair(args: &KeygenArgs) -> anyhow::Result<String> {
    let folder = args.out.as_deref().ok_or(KeyError::NotPem)?;
    let mut pair = KeyPair::generate(args.algorithm)?;
    if let Some(kid) = &args.kid {
        pair.kid.clone_from(kid);
        pair.jwk["kid"] = json!(kid);
    }
    let private = write(folder, "private.pem", 0o600, &pair.private_pem)?;
    let public = write(folder, "public.pem", 0o644, &pair.public_pem)?;
    let set = serde_json::to_string_pretty(&json!({"keys": [pair.jwk]}))?;
    write(folder, "jwks.json", 0o644, &format!("{set}\n"))?;
    out::note(format_args!(
        "the private key stays with the backend that makes tokens; to make one by hand:\n  \
         roomcast token new --user ann --key-file {} --algorithm {} --kid {}",
        out::shell_word(&private),
        args.algorithm,
        out::shell_word(&pair.kid),
    ));
    Ok(format!(
        "[[auth.key]]\nkid = {}\nalgorithm = \"{}\"\npublic_key_file = {}\n",
        quoted(&pair.kid),
        args.algorithm,
        quoted(&public),
    ))
}

/// Writes a new file and gives its full name; a key that is there already is never overwritten.
fn write(folder: &Path, name: &str, mode: u32, text: &str) -> anyhow::Result<String> {
    let path = std::path::absolute(folder.join(name))?;
    let shown = path.display().to_string();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {shown}"))?;
    out::note(format_args!("wrote {shown}"));
    Ok(shown)
}

/// Appends the table to a configuration; a new one can be read by its owner only.
fn append(path: &Path, table: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    let about = file.metadata()?;
    let gap = if about.len() == 0 { "" } else { "\n" };
    file.write_all(format!("{gap}{table}").as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    out::note(format_args!("added to {}", path.display()));
    if table.contains("\nsecret = ") && about.mode() & 0o077 != 0 {
        let word = out::shell_word(&path.display().to_string());
        out::note(format_args!("others can read the secret in it: chmod 600 {word}"));
    }
    Ok(())
}
