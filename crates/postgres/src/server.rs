//! A running server: addressing and stopping it.

use std::path::PathBuf;
use std::time::Duration;

use crate::builder::Builder;
use crate::error::Error;
use crate::guardian::Guardian;

/// How long a stop may take: a fast shutdown writes what is in memory.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it ends when this is dropped, and when the process ends.
#[derive(Debug)]
pub struct Server {
    pub(crate) guardian: Guardian,
    pub(crate) port: u16,
    pub(crate) password: String,
}

impl Server {
    /// A server whose data stands in `data`, which is made on the first start and kept.
    ///
    /// Beside it stand `<data>.password` and `<data>.log`.
    pub fn builder(data: impl Into<PathBuf>) -> Builder {
        Builder::keeping(data.into())
    }

    /// A server for tests: its data stands in the temporary directory, is not safe against a power failure, and is
    /// removed when the process has ended.
    pub fn throw_away() -> Builder {
        Builder::default().settings([("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")])
    }

    /// The address of a database of this server, with the superuser's name and password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.guardian.server
    }

    /// Whether the server has ended by itself, which it does only when something is badly wrong; its log says what.
    pub fn has_ended(&mut self) -> bool {
        self.guardian.has_ended()
    }

    /// Closes the connections, writes what is in memory and waits until the server is gone.
    ///
    /// # Errors
    /// When it is still running after a minute.
    pub async fn stop(self) -> Result<(), Error> {
        self.guardian.stop(STOP_PATIENCE).await
    }
}
