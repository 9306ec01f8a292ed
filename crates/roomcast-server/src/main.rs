//! The program `roomcast`.

fn main() {}
