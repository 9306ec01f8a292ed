//! Sockets for Roomcast.

pub mod config;

pub use config::Config;
