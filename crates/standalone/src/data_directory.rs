//! The directory that a system keeps its data, its secrets and its lock in.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

/// Others may pass through, because PostgreSQL can run as another account, but not look around; what is secret inside
/// can be read by its owner only.
const MODE: u32 = 0o711;

/// A data directory that exists.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    path: PathBuf,
}

/// Held while a system runs on the directory.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataDirectory {
    /// Opens `path`, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made or is no directory.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(path).map_err(|error| explain("use", path, &error))?;
        let made = DirBuilder::new().recursive(true).mode(MODE).create(&absolute);
        made.map_err(|error| explain("create", &absolute, &error))?;
        // Whatever repository the directory stands in, its secrets are not to be committed.
        let ignore = absolute.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(|error| explain("write", &ignore, &error))?;
        }
        Ok(Self { path: absolute })
    }

    /// The directory, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reserves the directory for one running system.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.join("lock");
        let mut options = File::options();
        let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = opened.map_err(|error| explain("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path).unwrap_or_default();
                bail!(
                    "a system is already running on {} (process {}): stop it first, or give this one another place \
                     with --data-dir and other ports with --port-offset",
                    self.path.display(),
                    pid.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(explain("lock", &path, &error)),
        }
        let told = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        told.map_err(|error| explain("write", &path, &error))?;
        Ok(Lock { _file: file })
    }

    /// Waits until this process alone changes the directory's small files; until the result is dropped.
    pub(crate) fn exclusively(&self) -> anyhow::Result<File> {
        let directory = File::open(&self.path).map_err(|error| explain("open", &self.path, &error))?;
        directory.lock().map_err(|error| explain("lock", &self.path, &error))?;
        Ok(directory)
    }

    /// Replaces a file as a whole; only its owner can read it.
    pub(crate) fn replace(&self, name: &str, contents: &str) -> anyhow::Result<()> {
        let (path, temporary) = (self.join(name), self.join(&format!("{name}.new")));
        let write = || -> io::Result<()> {
            let mut options = File::options();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(contents.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| explain("write", &path, &error))
    }

    /// The text of a file; `None` when it is not there.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Option<String>> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(explain("read", &path, &error)),
            Ok(text) => Ok(Some(text)),
        }
    }
}

/// What the operating system refused, and what to do about it.
fn explain(deed: &str, path: &Path, error: &io::Error) -> anyhow::Error {
    let shown = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            anyhow!("the disk that holds {shown} is full: free some space and start again")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => anyhow!(
            "this user may not {deed} {shown} ({error}): give yourself that right with chown or chmod, or choose \
             another place with --data-dir"
        ),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            anyhow!("{shown} is not a directory: move that file away, or choose another place with --data-dir")
        }
        _ => anyhow!("cannot {deed} {shown}: {error}: choose another place with --data-dir"),
    }
}

/// The directory that is meant when none is named: `.tidings` in the project's.
///
/// # Errors
/// When the current directory is gone.
pub fn default_path(project: &Path) -> anyhow::Result<PathBuf> {
    let project =
        std::path::absolute(project).context("the current directory cannot be used: change to another one")?;
    Ok(project.join(".tidings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operating_system_refuses_becomes_what_to_do() {
        let told = |kind: ErrorKind| explain("write", Path::new("/d/.tidings/x"), &io::Error::from(kind)).to_string();
        assert!(told(ErrorKind::StorageFull).contains("is full: free some space"));
        assert!(told(ErrorKind::PermissionDenied).contains("--data-dir"));
        assert!(told(ErrorKind::ReadOnlyFilesystem).contains("may not write /d/.tidings/x"));
    }
}
