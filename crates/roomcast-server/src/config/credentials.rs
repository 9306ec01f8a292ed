//! Keys of tokens and of backends: from the configuration, or from the files it names.

use super::checker::Checker;
use super::file::{AuthKey, Config};
use super::settings::session_limits;
use super::value::Secret;
use crate::auth::api_keys::MIN_API_KEY;
use crate::auth::{Algorithm, ApiKeys, JwtGatekeeper, Key, Keyring, Rules, Signer, jwks};
use std::path::{Path, PathBuf};

/// Keys of tokens as they are gathered.
#[derive(Default)]
struct Gathered {
    keys: Keyring,
    signers: Vec<Signer>,
}

/// The gatekeeper, and those of its keys that can sign.
pub(super) fn tokens(config: &Config, checker: &mut Checker<'_>) -> (JwtGatekeeper, Vec<Signer>) {
    let auth = &config.auth;
    let mut gathered = Gathered::default();
    let found = secret("auth", auth.secret.as_ref(), auth.secret_file.as_deref(), checker);
    if let Some((path, secret)) = found {
        gathered.add_secret(None, &secret, &path, checker);
    }
    for (index, key) in auth.key.iter().enumerate() {
        gathered.add_table(key, &format!("auth.key[{index}]"), checker);
    }
    gathered.add_jwks(auth.jwks_file.as_deref(), checker);
    for (path, texts) in
        [("auth.issuer", auth.issuer.as_slice()), ("auth.audience", &auth.audience.0)]
    {
        if texts.iter().any(String::is_empty) {
            checker.error(path, "an empty text", "write a text, or leave the key out");
        }
    }
    let rules = Rules {
        issuer: auth.issuer.clone(),
        audience: auth.audience.0.clone(),
        leeway: auth.leeway.0,
        limits: session_limits(config),
    };
    (JwtGatekeeper::new(gathered.keys, rules), gathered.signers)
}

impl Gathered {
    fn add(&mut self, key: Key, path: &str, checker: &mut Checker<'_>) {
        if let Err(key) = self.keys.add(key) {
            let kid = key.kid().unwrap_or_default();
            checker.error(
                path,
                format!("another key has the `kid` `{kid}`"),
                "give each key its own",
            );
        }
    }

    fn add_secret(
        &mut self,
        kid: Option<String>,
        secret: &[u8],
        path: &str,
        checker: &mut Checker<'_>,
    ) {
        match Key::from_secret(kid.clone(), secret) {
            Ok(key) => {
                self.add(key, path, checker);
                self.signers.extend(Signer::from_secret(kid, secret));
            }
            Err(error) => checker.error(path, error.to_string(), SECRET_HELP),
        }
    }

    /// One `[[auth.key]]` table.
    fn add_table(&mut self, key: &AuthKey, path: &str, checker: &mut Checker<'_>) {
        let Some(algorithm) = algorithm(key, path, checker) else { return };
        let given =
            [key.secret.is_some(), key.secret_file.is_some(), key.public_key_file.is_some()];
        let fits = match algorithm {
            Algorithm::Hs256 => given == [true, false, false] || given == [false, true, false],
            _ => given == [false, false, true],
        };
        if !fits {
            let (text, help) = match algorithm {
                Algorithm::Hs256 => (
                    "HS256 needs exactly one of `secret` and `secret_file`".to_owned(),
                    "a public key is never a secret: use RS256, ES256 or EdDSA with it",
                ),
                _ => (
                    format!("{algorithm} needs `public_key_file` and nothing else"),
                    "a secret is only for HS256",
                ),
            };
            return checker.error_at_key(path, text, help);
        }
        if let Some(file) = &key.public_key_file {
            return self.add_public(key.kid.clone(), algorithm, file, path, checker);
        }
        let found = secret(path, key.secret.as_ref(), key.secret_file.as_deref(), checker);
        if let Some((path, secret)) = found {
            self.add_secret(key.kid.clone(), &secret, &path, checker);
        }
    }

    fn add_public(
        &mut self,
        kid: Option<String>,
        algorithm: Algorithm,
        file: &Path,
        path: &str,
        checker: &mut Checker<'_>,
    ) {
        let path = format!("{path}.public_key_file");
        let Some(bytes) = read(file, &path, checker) else { return };
        let pem = String::from_utf8_lossy(&bytes);
        match Key::from_public_pem(kid, algorithm, &pem) {
            Ok(key) => self.add(key, &path, checker),
            Err(error) => checker.error(
                &path,
                error.to_string(),
                "name the file with the public key that belongs to `algorithm`",
            ),
        }
    }

    fn add_jwks(&mut self, file: Option<&Path>, checker: &mut Checker<'_>) {
        let path = "auth.jwks_file";
        let Some(bytes) = file.and_then(|file| read(file, path, checker)) else { return };
        match jwks::read(&String::from_utf8_lossy(&bytes)) {
            Ok(keys) => keys.into_iter().for_each(|key| self.add(key, path, checker)),
            Err(error) => checker.error(
                path,
                error.to_string(),
                "`roomcast keygen --out DIR` writes a JWKS that fits",
            ),
        }
    }
}

const SECRET_HELP: &str = "`roomcast keygen` makes a good one";

fn algorithm(key: &AuthKey, path: &str, checker: &mut Checker<'_>) -> Option<Algorithm> {
    let help = "use HS256, RS256, ES256 or EdDSA";
    let Some(name) = &key.algorithm else {
        checker.error_at_key(path, "`algorithm` is missing", help);
        return None;
    };
    let algorithm = Algorithm::from_name(name);
    if algorithm.is_none() {
        checker.error(
            &format!("{path}.algorithm"),
            format!("`{name}` is no algorithm for tokens here"),
            help,
        );
    }
    algorithm
}

/// The keys of the backends.
pub(super) fn api(config: &Config, checker: &mut Checker<'_>) -> ApiKeys {
    let mut keys = ApiKeys::default();
    let api = &config.api;
    let found = secret("api", api.secret.as_ref(), api.secret_file.as_deref(), checker);
    add_api(&mut keys, "api", found, checker);
    for (index, key) in api.key.iter().enumerate() {
        let path = format!("api.key[{index}]");
        if key.secret.is_none() && key.secret_file.is_none() {
            checker.error_at_key(&path, "neither `secret` nor `secret_file` is there", API_HELP);
        }
        let name = key.name.clone().unwrap_or_else(|| format!("key {}", index + 1));
        let found = secret(&path, key.secret.as_ref(), key.secret_file.as_deref(), checker);
        add_api(&mut keys, &name, found, checker);
    }
    keys
}

const API_HELP: &str = "`roomcast keygen --api-key` makes a good one";

fn add_api(
    keys: &mut ApiKeys,
    name: &str,
    found: Option<(String, Vec<u8>)>,
    checker: &mut Checker<'_>,
) {
    let Some((path, key)) = found else { return };
    if key.len() < MIN_API_KEY {
        let text = format!("the key has {} bytes, and needs at least {MIN_API_KEY}", key.len());
        return checker.error(&path, text, API_HELP);
    }
    keys.add(name, &key);
}

/// The secret of a table, from its own key or from a file, and the path it stands at.
fn secret(
    table: &str,
    inline: Option<&Secret>,
    file: Option<&Path>,
    checker: &mut Checker<'_>,
) -> Option<(String, Vec<u8>)> {
    given(&format!("{table}.secret"), inline, file, checker)
}

/// What stands at the path itself or in the file named beside it, at the path with `_file`; and
/// which of the two it was.
pub(super) fn given(
    path: &str,
    inline: Option<&Secret>,
    file: Option<&Path>,
    checker: &mut Checker<'_>,
) -> Option<(String, Vec<u8>)> {
    let file_path = format!("{path}_file");
    match (inline, file) {
        (None, None) => None,
        (Some(secret), None) => Some((path.to_owned(), secret.0.clone().into_bytes())),
        (Some(_), Some(_)) => {
            checker.error(&file_path, format!("`{path}` is given as well"), "keep one of the two");
            None
        }
        (None, Some(file)) => {
            let mut bytes = read(file, &file_path, checker)?;
            // Editors and `echo` end a file with a newline that is no part of the secret.
            let end = [b'\n', b'\r'];
            while bytes.last().is_some_and(|byte| end.contains(byte)) {
                bytes.pop();
            }
            Some((file_path, bytes))
        }
    }
}

fn read(file: &Path, path: &str, checker: &mut Checker<'_>) -> Option<Vec<u8>> {
    let full: PathBuf = checker.places.folder(path).join(file);
    match std::fs::read(&full) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let text = format!("`{}` cannot be read: {error}", full.display());
            checker.error(path, text, "name a file that is there and may be read; a relative name counts from the configuration file");
            None
        }
    }
}
