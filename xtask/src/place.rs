//! Where things are: the repository, its packages, and the programs cargo has built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders of the packages that serve the repository only.
const OWN: [&str; 5] = ["xtask", "xtask/bench", "xtask/chaos", "xtask/counts", "xtask/testbed"];

/// The root of the repository.
pub(crate) struct Place {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
}

impl Place {
    /// The repository this program was started from: cargo names xtask's folder in it.
    pub(crate) fn find() -> Result<Self> {
        let xtask = env::var("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&xtask).parent().context("xtask has no parent folder")?;
        Ok(Self { root: root.to_owned() })
    }

    /// Every package of the workspace, in the order of their folders' names.
    pub(crate) fn packages(&self) -> Result<Vec<Package>> {
        let crates = self.root.join("crates");
        let folders =
            fs::read_dir(&crates).with_context(|| format!("read {}", crates.display()))?;
        let mut paths: Vec<PathBuf> =
            folders.map(|folder| Ok(folder?.path())).collect::<Result<_>>()?;
        paths.extend(OWN.map(|folder| self.root.join(folder)));
        paths.sort();
        paths.iter().filter(|path| path.is_dir()).map(|path| Package::read(path)).collect()
    }
}

/// A package of the workspace.
pub(crate) struct Package {
    /// Its name, as `-p` takes it.
    pub(crate) name: String,
    /// Whether it has features of its own, and so more than one shape to check.
    pub(crate) has_features: bool,
}

impl Package {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let manifest: toml::Table =
            text.parse().with_context(|| format!("parse {}", path.display()))?;
        let name = manifest.get("package").and_then(|package| package.get("name"));
        let name = name.and_then(toml::Value::as_str);
        let name = name.with_context(|| format!("{}: no package name", path.display()))?.to_owned();
        Ok(Self { name, has_features: manifest.contains_key("features") })
    }
}

/// A program cargo has built beside this one.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("find xtask's own file")?;
    let path = this.with_file_name(name);
    anyhow::ensure!(path.is_file(), "{} is missing: was it built elsewhere?", path.display());
    Ok(path)
}
