//! Servers of other makers: one folder of `xtask/peers` each, told by its `peer.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// A peer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    /// Its folder; not in the file.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// What tables call it.
    pub(crate) title: String,
    /// What was measured.
    #[serde(default)]
    pub(crate) version: String,
    /// Commands that install it; quick where that is done.
    #[serde(default)]
    setup: Vec<Vec<String>>,
    /// The command that runs it.
    run: Vec<String>,
    /// Where rooms are, with `{port}` and `{room}`.
    rooms: String,
    /// Where an echo is, with `{port}`.
    #[serde(default)]
    echo: Option<String>,
    /// Options of `roomcast bench`, where its clients do not just send texts.
    #[serde(default)]
    pub(crate) options: Vec<String>,
}

impl Peer {
    /// All peers, by the names of their folders, or only those named.
    pub(crate) fn all(folder: &Path, only: &[String]) -> Result<Vec<Self>> {
        let entries = fs::read_dir(folder)
            .with_context(|| format!("no peers are in {}", folder.display()))?;
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.join("peer.toml").is_file() && (only.is_empty() || only.contains(&name)) {
                found.push((name, path));
            }
        }
        found.sort();
        for name in only {
            let is_there = found.iter().any(|(other, _)| other == name);
            ensure!(is_there, "there is no {}/{name}/peer.toml", folder.display());
        }
        found.iter().map(|(_, path)| Self::read(path)).collect()
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("peer.toml");
        let text = fs::read_to_string(&path)?;
        let mut peer: Self =
            toml::from_str(&text).with_context(|| format!("read {}", path.display()))?;
        peer.folder = folder.to_owned();
        ensure!(!peer.run.is_empty(), "{}: `run` names no program", path.display());
        Ok(peer)
    }

    /// Installs it.
    pub(crate) fn set_up(&self) -> Result<()> {
        for words in &self.setup {
            let status = self.at_home(words)?.status();
            let status = status.with_context(|| format!("{}: {}", self.title, words.join(" ")))?;
            ensure!(status.success(), "{}: {}: {status}", self.title, words.join(" "));
        }
        Ok(())
    }

    /// What starts it.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = self.at_home(&self.run)?;
        command.env("PORT", "0");
        Ok(command)
    }

    /// Where the generator connects; none where it has no such place.
    pub(crate) fn url(&self, port: u16, echo: bool) -> Option<String> {
        let url = if echo { self.echo.as_ref()? } else { &self.rooms };
        Some(url.replace("{port}", &port.to_string()))
    }

    fn at_home(&self, words: &[String]) -> Result<Command> {
        let (program, words) = words.split_first().context("an empty command in peer.toml")?;
        // A program with a `/` in its name counts from the peer's folder, not from this one's.
        let program = match program.contains('/') {
            true => self.folder.join(program),
            false => program.into(),
        };
        let mut command = Command::new(program);
        command.args(words).current_dir(&self.folder);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::Peer;

    #[test]
    fn a_peer_says_how_it_is_run() {
        let peer: Peer = toml::from_str(
            "title = \"Node ws\"\nversion = \"8.18\"\nsetup = [[\"npm\", \"ci\"]]\n\
             run = [\"node\", \"server.mjs\"]\nrooms = \"ws://127.0.0.1:{port}/room/{room}\"\n",
        )
        .unwrap();
        let url = Some("ws://127.0.0.1:81/room/{room}".to_owned());
        assert_eq!((peer.url(81, false), peer.url(81, true)), (url, None));
        assert_eq!(peer.command().unwrap().get_program(), "node");
        let error = toml::from_str::<Peer>("title = \"x\"\nrum = []").unwrap_err().to_string();
        assert!(error.contains("unknown field `rum`"), "{error}");
    }
}
