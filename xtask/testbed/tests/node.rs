//! A stand-in for the server that says what it says: what `Node` does with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use roomcast_testbed::{Node, NodeOptions};

const PATIENCE: Duration = Duration::from_secs(20);

/// A file that is being written cannot be started, nor while a child of another test was forked
/// in that moment: one test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// A script that goes when the test ends.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, text: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("roomcast-{name}-{}", std::process::id()));
        fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    fn options(&self) -> NodeOptions {
        NodeOptions {
            program: self.0.clone(),
            config: "# nothing".to_owned(),
            variables: vec![("REDIS_URL".to_owned(), "redis://here".to_owned())],
            workers: 1,
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const SERVES: &str = r#"echo "$REDIS_URL $*"; echo '{"message":"serving"}'; exec sleep 600"#;

#[test]
fn a_node_is_hurt_and_healed() -> Result<()> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let script = Script::new("stand-in", SERVES)?;
    let mut node = Node::start(&script.options())?;
    assert!(node.log().starts_with("redis://here serve --listen 127.0.0.1:"), "{}", node.log());
    let (listen, first) = (node.listen(), node.pid());
    node.stop()?;
    node.resume()?;
    node.kill()?;
    assert!(node.ended()?.is_some());
    node.restart()?;
    assert_eq!((node.listen(), node.log().matches(&listen.to_string()).count()), (listen, 2));
    assert_ne!(node.pid(), first);
    node.terminate()?;
    assert!(node.wait(PATIENCE)?.code().is_none(), "a signal ended the stand-in");
    Ok(())
}

#[test]
fn a_taken_port_is_exchanged_and_another_end_is_an_error() -> Result<()> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let once = std::env::temp_dir().join(format!("roomcast-once-{}", std::process::id()));
    let taken = format!("[ -e {0} ] || {{ touch {0}; exit 69; }}\n{SERVES}", once.display());
    let script = Script::new("taken", &taken)?;
    let node = Node::start(&script.options());
    fs::remove_file(once)?;
    node?;
    let script = Script::new("wrong", "echo 'no such key' >&2; exit 78")?;
    let error = format!("{:#}", Node::start(&script.options()).unwrap_err());
    assert!(error.contains("no such key") && error.contains("78"), "{error}");
    Ok(())
}
