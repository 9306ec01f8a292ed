//! The least of Redis' protocol (RESP2): one command out, one reply in, blocking.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A reply of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status or a text; bytes that are no UTF-8 are replaced.
    Text(String),
    /// An error, as Redis words it.
    Error(String),
    /// A whole number.
    Number(i64),
    /// Nothing.
    Nil,
    /// Several replies.
    List(Vec<Reply>),
}

impl Reply {
    /// The text of a status or a text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value of a number.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The entries of a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Reply]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }
}

/// A connection to a Redis server. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to a port of the loopback interface. Each reply may take so long.
    pub fn open(port: u16, patience: Duration) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a command and reads its reply. An error of Redis is a reply too.
    pub fn ask(&mut self, words: &[&str]) -> Result<Reply> {
        self.send(words)?;
        self.reply()
    }

    /// Sends a command.
    pub fn send(&mut self, words: &[&str]) -> Result<()> {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        Ok(self.stream.get_mut().write_all(bytes.as_bytes())?)
    }

    /// Reads one reply, or one push of a subscription.
    pub fn reply(&mut self) -> Result<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line).context("no reply of Redis")?;
        let line = line.strip_suffix("\r\n").context("Redis closed the connection")?;
        let kind = line.chars().next().context("an empty line of Redis")?;
        let rest = &line[kind.len_utf8()..];
        Ok(match kind {
            '+' => Reply::Text(rest.to_owned()),
            '-' => Reply::Error(rest.to_owned()),
            ':' => Reply::Number(rest.parse()?),
            '$' | '*' if rest == "-1" => Reply::Nil,
            '$' => Reply::Text(self.bytes(rest.parse()?)?),
            '*' => Reply::List((0..rest.parse()?).map(|_| self.reply()).collect::<Result<_>>()?),
            _ => bail!("`{line}` is no reply of Redis"),
        })
    }

    fn bytes(&mut self, count: usize) -> Result<String> {
        let mut bytes = vec![0; count + 2];
        self.stream.read_exact(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }
}
