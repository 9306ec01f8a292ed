//! Presence of several nodes in one world: stories over a store in memory and over a real Redis,
//! and random scripts.

pub(crate) mod fake;
mod model;
mod races;
mod real;
mod stories;
mod world;
