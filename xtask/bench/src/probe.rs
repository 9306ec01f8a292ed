//! How many bytes a native message has more than its data: so much larger are the messages that
//! the floor is given, so that it writes as many bytes as Roomcast does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

const DATA: usize = 128;
/// The first offset of a room has one digit; most messages of a run have five.
const MORE_DIGITS: usize = 4;

/// Joins a room, says something, and measures what is heard.
pub(crate) fn overhead(address: SocketAddr, token: &str) -> Result<usize> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        socket,
        "GET /v1/ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Authorization: Bearer {token}\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    send(&mut socket, r#"{"type":"join","room":"bench-0"}"#)?;
    let data = "x".repeat(DATA);
    send(&mut socket, &format!(r#"{{"type":"publish","room":"bench-0","data":"{data}"}}"#))?;
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = socket.read(&mut buffer)?;
        let text = String::from_utf8_lossy(&heard);
        ensure!(read > 0, "the server closed: {text}");
        heard.extend_from_slice(&buffer[..read]);
        if let Some(length) = message(&heard) {
            return Ok(length - DATA + MORE_DIGITS);
        }
    }
}

/// A client's text frame; its mask of zeros leaves the text as it is.
fn send(socket: &mut TcpStream, text: &str) -> Result<()> {
    let mut frame = vec![0x81, 0xFE];
    frame.extend(u16::try_from(text.len())?.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    Ok(socket.write_all(&frame)?)
}

/// The bytes of the first message's payload, once it is there.
fn message(heard: &[u8]) -> Option<usize> {
    let start = heard.windows(17).position(|bytes| bytes == br#"{"type":"message""#)?;
    // With 128 bytes of data it always has a length of two bytes.
    let [.., 126, high, low] = &heard[..start] else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (heard.len() >= start + length).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn the_length_of_a_message_is_found() {
        let text = format!(r#"{{"type":"message","data":"{}"}}"#, "x".repeat(128));
        let mut heard = b"\x81\x12{\"type\":\"welcome\"}\x81\x7e".to_vec();
        heard.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        heard.extend(text.as_bytes());
        assert_eq!(message(&heard), Some(text.len()));
        assert_eq!(message(&heard[..heard.len() - 1]), None);
        assert_eq!(message(b"\x81\x12{\"type\":\"welcome\"}"), None);
    }
}
