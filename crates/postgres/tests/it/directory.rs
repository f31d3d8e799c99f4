//! Directories for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use postgres::{Builder, Server};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A directory that is removed when this is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let name = format!("tidings-it-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Where a server keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("postgres")
    }

    /// A server that keeps its data, without waiting for the disk.
    pub(crate) fn server(&self) -> Builder {
        Server::builder(self.data()).settings([("fsync", "off")])
    }

    /// A directory with an `initdb` and a `postgres` that do as these shell scripts say.
    pub(crate) fn programs(&self, initdb: &str, postgres: &str) -> PathBuf {
        let programs = self.0.join("programs");
        fs::create_dir_all(&programs).unwrap();
        for (name, script) in [("initdb", initdb), ("postgres", postgres)] {
            // Written by another process: a descriptor of ours, inherited by what other tests start at this moment,
            // would make the file busy (ETXTBSY).
            let mut write = Command::new("/bin/sh");
            write.args(["-c", "printf '#!/bin/sh\n%s\n' \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", script]);
            assert!(write.arg(programs.join(name)).status().unwrap().success());
        }
        programs
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
