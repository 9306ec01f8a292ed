//! A client by the byte, for what a good client never does.

use super::within;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PONG: u8 = 10;

/// A socket and what was read of it beyond what was asked for.
pub(crate) struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A client's handshake, as bytes.
pub(crate) fn handshake(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A client's frame: the first byte as it is, the payload masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A whole text message.
pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(0x80 | TEXT, text.as_bytes())
}

impl Raw {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self { stream: within(TcpStream::connect(addr)).await.unwrap(), read: Vec::new() }
    }

    /// Connects with a small receive buffer, so that what it does not read soon backs up.
    pub(crate) async fn connect_narrow(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        Self { stream: within(socket.connect(addr)).await.unwrap(), read: Vec::new() }
    }

    /// Connects and shakes hands.
    pub(crate) async fn open(addr: SocketAddr, path: &str) -> Self {
        let mut raw = Self::connect(addr).await;
        raw.shake_hands(path, &[]).await;
        raw
    }

    /// Shakes hands, with more bytes in the same segment.
    pub(crate) async fn shake_hands(&mut self, path: &str, early: &[u8]) {
        let mut bytes = handshake(path).into_bytes();
        bytes.extend(early);
        self.send(&bytes).await;
        let head = self.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Sends its end of the stream, and can still read.
    pub(crate) async fn send_no_more(&mut self) {
        within(self.stream.shutdown()).await.unwrap();
    }

    /// Sends this again and again until the peer takes nothing for a while; bytes sent.
    pub(crate) async fn send_until_full(&mut self, bytes: &[u8]) -> usize {
        let mut sent = 0;
        loop {
            let next = &bytes[sent % bytes.len()..];
            let writing = self.stream.write(next);
            match tokio::time::timeout(std::time::Duration::from_secs(1), writing).await {
                Ok(written) => sent += written.unwrap(),
                Err(_) => return sent,
            }
            assert!(sent < 100_000_000, "the server reads on and on");
        }
    }

    /// Each byte in a segment of its own.
    pub(crate) async fn send_slowly(&mut self, bytes: &[u8]) {
        self.stream.set_nodelay(true).unwrap();
        for byte in bytes {
            self.send(std::slice::from_ref(byte)).await;
            tokio::task::yield_now().await;
        }
    }

    /// Reads on; false at the end of the stream. A reset is a failure.
    async fn more(&mut self) -> bool {
        let read = within(self.stream.read_buf(&mut self.read)).await;
        read.expect("the connection was reset") > 0
    }

    /// So many bytes.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(self.more().await, "the stream ended early");
        }
        self.read.drain(..count).collect()
    }

    /// The head of an HTTP answer.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                return String::from_utf8(self.take(end + 4).await).unwrap();
            }
            assert!(self.more().await, "no head: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next frame of the server: its opcode and payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.take(2).await;
        assert_eq!(head[0] & 0xf0, 0x80, "a server's frames are whole here");
        let length = match head[1] {
            126 => {
                let bytes = self.take(2).await;
                usize::from(u16::from_be_bytes(bytes.try_into().unwrap()))
            }
            127 => u64::from_be_bytes(self.take(8).await.try_into().unwrap()) as usize,
            short => usize::from(short),
        };
        (head[0] & 0x0f, self.take(length).await)
    }

    /// The next frame, a text.
    pub(crate) async fn text(&mut self) -> String {
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, TEXT, "{payload:?}");
        String::from_utf8(payload).unwrap()
    }

    /// The close frame comes next, then the end of the stream and no reset.
    pub(crate) async fn must_close_with(&mut self, code: u16, reason: &str) {
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, CLOSE, "{:?}", String::from_utf8_lossy(&payload));
        let heard = u16::from_be_bytes([payload[0], payload[1]]);
        assert_eq!((heard, std::str::from_utf8(&payload[2..]).unwrap()), (code, reason));
        self.must_end().await;
    }

    /// The stream ends here.
    pub(crate) async fn must_end(&mut self) {
        assert!(!self.more().await, "more came: {:?}", self.read);
    }

    /// Reads to the end or a reset; the frames that were whole.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while matches!(within(self.stream.read_buf(&mut self.read)).await, Ok(1..)) {}
        std::mem::take(&mut self.read)
    }
}
