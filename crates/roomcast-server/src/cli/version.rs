//! `roomcast version`.

use super::exit::Exit;
use super::out;

pub(super) fn run() -> Exit {
    out::result(format_args!("roomcast {}", roomcast_protocol::VERSION));
    Exit::Done
}
