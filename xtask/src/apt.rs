//! Debian's packages, where `apt-get` and the right to run it are at hand.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{ask, run};

/// Installs a package, or says how to do it by hand.
pub(crate) fn install(package: &str, elsewhere: &str) -> Result<()> {
    let by_hand = format!(
        "`apt-get update && apt-get install --no-install-recommends {package}` as root, \
         or {elsewhere}"
    );
    let is_root = ask("id", &["-u"]).as_deref() == Some("0");
    let prefix: &[&str] = match ask("apt-get", &["--version"]) {
        Some(_) if is_root => &["env"],
        Some(_) if ask("sudo", &["-n", "true"]).is_some() => &["sudo", "-n", "env"],
        _ => bail!("install it by hand: {by_hand}"),
    };
    let apt_get = |words: &[&str]| {
        let mut command = Command::new(prefix[0]);
        // In run level 1 a package does not start the service it brings.
        command.args(&prefix[1..]).args(["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]);
        run(command.args(["apt-get", "-q"]).args(words))
    };
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--no-install-recommends", package])
        .with_context(|| format!("by hand: {by_hand}"))
}
