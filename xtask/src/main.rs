//! The repository’s own programs.
fn main() {}
