//! X.
mod floor;
mod machine;
fn main() -> anyhow::Result<()> {
    floor::run("127.0.0.1:0".parse()?, floor::Mode::Batch)
}
