//! Small servers that do rightly or wrongly what a test wants: a thread for each connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a server does with the messages that come: what it then sends to everyone.
pub(crate) type Deed = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send>;

/// Frames that go to everyone.
struct Room {
    members: Vec<TcpStream>,
    deed: Deed,
}

/// A server that answers handshakes with this and then sends to everyone what the deed says.
pub(crate) fn broadcast(deed: Deed) -> SocketAddr {
    let room = Arc::new(Mutex::new(Room { members: Vec::new(), deed }));
    each(move |mut stream| {
        upgrade(&mut stream)?;
        room.lock().unwrap().members.push(stream.try_clone()?);
        loop {
            let (opcode, payload) = read(&mut stream)?;
            let mut room = room.lock().unwrap();
            let frames = match opcode {
                1 => (room.deed)(payload),
                _ => continue,
            };
            for mut member in &room.members {
                for frame in &frames {
                    // One that has gone is not everyone's trouble.
                    let _ = member.write_all(frame);
                }
            }
        }
    })
}

/// A server that does this with each connection.
pub(crate) fn each(
    deed: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let deed = Arc::new(deed);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, deed) = (stream.unwrap(), Arc::clone(&deed));
            // It ends with an error when the client goes.
            thread::spawn(move || deed(stream));
        }
    });
    address
}

/// Reads the request, up to its empty line.
pub(crate) fn request(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Answers the handshake. The generator always shows the key of the RFC's example.
pub(crate) fn upgrade(stream: &mut TcpStream) -> io::Result<String> {
    let request = request(stream)?;
    stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )?;
    Ok(request)
}

/// Reads one frame of the client, whose mask is all zeros.
pub(crate) fn read(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let size = match head[1] & 0x7f {
        126 => {
            let mut long = [0; 2];
            stream.read_exact(&mut long)?;
            u16::from_be_bytes(long).into()
        }
        short => usize::from(short),
    };
    let mut rest = vec![0; 4 + size];
    stream.read_exact(&mut rest)?;
    assert_eq!(rest[..4], [0; 4]);
    Ok((head[0] & 0x0f, rest.split_off(4)))
}

/// A frame of the server.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let size = u16::try_from(payload.len()).unwrap();
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(size) {
        Ok(short) if short < 126 => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend(size.to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}
