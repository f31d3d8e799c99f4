//! A small disk that can be filled.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How much it holds: a new cluster, its log of changes, and the writes of a run.
const MIB: u32 = 320;

/// A file system in memory; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts one, where this user may; otherwise says why not.
    pub(crate) fn mount(at: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&at).map_err(|error| error.to_string())?;
        let options = format!("size={MIB}m,mode=0755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tidings-faults"])
            .arg(&at)
            .stdout(Stdio::null())
            .output()
            .map_err(|error| format!("there is no program mount: {error}"))?;
        if mounted.status.success() {
            return Ok(Self(at));
        }
        Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Writes until there is no space.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.ballast())?;
        for size in [1024 * 1024, 4096] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Gives the space back.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that is ending may still use it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
