//! The running server as its clients and operators meet it: over real sockets, from outside.
//!
//! Nothing here sleeps to wait: a test waits for what it expects, and fails at a deadline.

mod support;

mod backend;
mod backend_keys;
mod backend_listing;
mod backend_strict;
mod bad_input;
mod bench;
mod drain;
mod expiry;
mod frames;
mod guide;
mod handshake;
mod native;
mod nodes;
mod observers;
mod operators;
mod redis;
mod secrets;
mod slow;
mod tokens;
