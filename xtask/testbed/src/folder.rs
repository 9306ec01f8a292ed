//! A temporary folder that goes when it is dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use anyhow::{Context, Result};

/// The folder.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new folder with this word in its name.
    pub(crate) fn new(word: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            Self(env::temp_dir().join(format!("roomcast-{word}-{}-{count}", process::id())));
        folder.clear()?;
        Ok(folder)
    }

    /// Removes everything in it.
    pub(crate) fn clear(&self) -> Result<()> {
        // It is not there yet, or was left by a run with the same process id.
        let _ = fs::remove_dir_all(&self.0);
        fs::create_dir_all(&self.0).with_context(|| format!("make {}", self.0.display()))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
