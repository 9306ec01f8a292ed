//! What the command line asks for.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How to use the program.
pub(crate) const USAGE: &str = "\
roomcast-chaos --server PATH [--minutes N | --seconds N] [--seed S] [--clients N] [--nodes N]
               [--without-redis]

  --server PATH     the program `roomcast`
  --minutes N       how long parts are hurt, 2 unless given; what heals comes on top
  --seconds N       the same in seconds
  --seed S          decisions of an earlier run again; their timing differs
  --clients N       300 unless given
  --nodes N         3 unless given
  --without-redis   one node alone, whose rooms end with it
";

/// The options.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) server: PathBuf,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) clients: usize,
    pub(crate) nodes: usize,
    pub(crate) redis: bool,
}

impl Options {
    /// Reads the words of a command line.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self> {
        let (mut server, mut nodes, mut redis) = (None, None, true);
        let (mut seconds, mut seed, mut clients) = (120, None, 300);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--server" => server = Some(PathBuf::from(value()?)),
                "--minutes" => seconds = 60 * number::<u64>(&word, &value()?)?,
                "--seconds" => seconds = number(&word, &value()?)?,
                "--seed" => seed = Some(number(&word, &value()?)?),
                "--clients" => clients = number(&word, &value()?)?,
                "--nodes" => nodes = Some(number(&word, &value()?)?),
                "--without-redis" => redis = false,
                _ => bail!("`{word}` is no option\n\n{USAGE}"),
            }
        }
        let nodes = nodes.unwrap_or(if redis { 3 } else { 1 });
        ensure!((2..=u16::MAX.into()).contains(&clients), "2 to 65535 clients");
        ensure!(nodes > 0 && (redis || nodes == 1), "without Redis there is one node");
        let server = server.with_context(|| format!("which server?\n\n{USAGE}"))?;
        ensure!(server.is_file(), "there is no {}", server.display());
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one("seed") >> 32);
        Ok(Self { server, time: Duration::from_secs(seconds), seed, clients, nodes, redis })
    }
}

fn number<T: FromStr>(word: &str, value: &str) -> Result<T> {
    value.parse().ok().with_context(|| format!("{word} {value}: this is no such number"))
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn read(line: &str) -> Result<Options, String> {
        Options::read(line.split_whitespace().map(str::to_owned)).map_err(|e| e.to_string())
    }

    #[test]
    fn options_are_read() {
        let options = read("--server Cargo.toml --minutes 3 --seed 7 --clients 9").unwrap();
        let Options { time, seed, clients, nodes, redis, .. } = options;
        assert_eq!((time.as_secs(), seed, clients, nodes, redis), (180, 7, 9, 3, true));
        assert_eq!(read("--server Cargo.toml --without-redis").unwrap().nodes, 1);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in [
            "",
            "--server /no/such/file",
            "--server Cargo.toml --sed 1",
            "--server Cargo.toml --seed x",
            "--server Cargo.toml --clients",
            "--server Cargo.toml --without-redis --nodes 3",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
