//! What can go wrong, each told in a line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the server could not be prepared, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No installed PostgreSQL is usable, and none could be fetched.
    #[error(
        "PostgreSQL {needed} was not found{reason}: install it, or set {} to the directory that holds postgres and \
         initdb, or set DATABASE_URL to a running server",
        crate::BINARIES_VARIABLE
    )]
    NotFound {
        /// Such as `15 or newer`, or one version when the data was written by that one.
        needed: String,
        /// Why fetching it failed, with a leading separator; empty when fetching was not tried.
        reason: String,
    },
    /// The directory that was named explicitly does not hold a usable server.
    #[error(
        "{} has no usable postgres and initdb ({reason}): correct {} or unset it",
        directory.display(), crate::BINARIES_VARIABLE
    )]
    BadBinaries {
        /// The directory that was named.
        directory: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// The data directory was written by another major version.
    #[error(
        "the data in {} was written by PostgreSQL {data}, but {} holds PostgreSQL {server}: point {} to PostgreSQL \
         {data}, or move the data away to start empty",
        directory.display(), binaries.display(), crate::BINARIES_VARIABLE
    )]
    WrongVersion {
        /// The data directory.
        directory: PathBuf,
        /// Where the server's programs are.
        binaries: PathBuf,
        /// The major version that wrote the data.
        data: u32,
        /// The major version at hand.
        server: u32,
    },
    /// Another server is running on the same data.
    #[error("another server (process {pid}) is already using {}: stop it first", directory.display())]
    AlreadyRunning {
        /// The data directory.
        directory: PathBuf,
        /// The other server's process id.
        pid: u32,
    },
    /// Something else listens on the wanted port.
    #[error("port {port} of 127.0.0.1, wanted for PostgreSQL, is in use: stop what uses it or choose another port")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// No space left for the data.
    #[error("the disk that holds {} is full: free some space and start again", directory.display())]
    DiskFull {
        /// The data directory.
        directory: PathBuf,
    },
    /// The data is there, but the password that was generated for it is not.
    #[error(
        "{} is missing, so the data in {} cannot be opened: restore that file, or move the data away to start empty",
        password.display(), directory.display()
    )]
    NoPassword {
        /// The data directory.
        directory: PathBuf,
        /// The file that should hold the password.
        password: PathBuf,
    },
    /// The directory exists, but is no data directory of PostgreSQL.
    #[error(
        "{} holds something else than PostgreSQL's data: choose another directory or move that away",
        directory.display()
    )]
    NotADataDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// The server ended before it accepted connections.
    #[error("PostgreSQL did not start, see {}; it said: {said}", log.display())]
    Ended {
        /// The server's log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
    /// The server did not accept connections in time.
    #[error(
        "PostgreSQL was not ready after {seconds} s, see {}: start again with a longer time if it is recovering; it \
         said: {said}",
        log.display()
    )]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
    /// The server did not end in time.
    #[error("PostgreSQL (process {pid}) was told to stop, but is still running: see its log, then end it by hand")]
    StillRunning {
        /// The server's process id.
        pid: u32,
    },
    /// A program of PostgreSQL's failed.
    #[error("{} failed: {said}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What it wrote to its error stream.
        said: String,
    },
    /// Running as root without an account to give the server to.
    #[error("PostgreSQL refuses to run as root and there is no account postgres or nobody: run as another user")]
    NoAccount,
    /// A file or directory could not be used.
    #[error("cannot {action} {}: {source}: check its permissions and the free space", path.display())]
    File {
        /// What was tried, such as `create`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
}

/// Whether a program of PostgreSQL's ended for want of space: the system's words, or PostgreSQL's own.
pub(crate) fn tells_of_a_full_disk(said: &str) -> bool {
    said.contains("No space left on device") || said.contains("Check free disk space")
}

/// Names the file and the deed in an error of the operating system.
pub(crate) trait FileContext<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> FileContext<T> for io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull => Error::DiskFull { directory: path.to_owned() },
            _ => Error::File { action, path: path.to_owned(), source },
        })
    }
}
