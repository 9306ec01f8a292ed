//! The clients: blocking sockets that read frame by frame and allocate nothing while they do.

use anyhow::{Context, Result, ensure};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for anything: beyond, the server has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a published text.
const TEXT: usize = 128;

/// The members of one room; the first one publishes.
pub(crate) struct Members {
    sockets: Vec<Client>,
    publish: Vec<u8>,
}

struct Client {
    reader: BufReader<TcpStream>,
    payload: Vec<u8>,
}

impl Members {
    /// So many members of the room `r`, all of them let in.
    pub(crate) fn join(addr: SocketAddr, count: usize) -> Result<Self> {
        let sockets = (0..count).map(|_| Client::join(addr)).collect::<Result<_>>()?;
        let text = "x".repeat(TEXT);
        let publish = masked(&format!(r#"{{"type":"publish","room":"r","data":"{text}"}}"#));
        Ok(Self { sockets, publish })
    }

    /// So many messages in one write, each heard by everyone before this comes back.
    pub(crate) fn publish(&mut self, messages: usize) -> Result<()> {
        let burst = self.publish.repeat(messages);
        self.sockets[0].reader.get_mut().write_all(&burst)?;
        for client in &mut self.sockets {
            for _ in 0..messages {
                client.hear(br#""type":"message""#)?;
            }
        }
        Ok(())
    }
}

impl Client {
    fn join(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut client =
            Self { reader: BufReader::new(stream), payload: Vec::with_capacity(4_096) };
        let socket = client.reader.get_mut();
        socket.write_all(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )?;
        client.skip_head()?;
        client.reader.get_mut().write_all(&masked(r#"{"type":"join","room":"r"}"#))?;
        client.hear(br#""type":"welcome""#)?;
        client.hear(br#""type":"joined""#)?;
        Ok(client)
    }

    fn skip_head(&mut self) -> Result<()> {
        let mut last = [0; 4];
        while last != *b"\r\n\r\n" {
            last.rotate_left(1);
            self.reader.read_exact(&mut last[3..])?;
        }
        Ok(())
    }

    /// Reads the next frame, which must contain that.
    fn hear(&mut self, part: &[u8]) -> Result<()> {
        let mut head = [0; 2];
        self.reader.read_exact(&mut head).context("the server said nothing more")?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.reader.read_exact(&mut length)?;
                u16::from_be_bytes(length)
            }
            short => u16::from(short),
        };
        self.payload.resize(usize::from(length), 0);
        self.reader.read_exact(&mut self.payload)?;
        let is_there = self.payload.windows(part.len()).any(|window| window == part);
        ensure!(is_there, "the server said {}", String::from_utf8_lossy(&self.payload));
        Ok(())
    }
}

/// A client's text frame; a mask of zeros leaves the payload as it is.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}
