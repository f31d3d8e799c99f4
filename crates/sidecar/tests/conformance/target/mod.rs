//! The sidecars that the rows are put to, each started by the suite.

mod daprd;
mod embedded;

use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::random::Random;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use self::daprd::Daprd;
pub(crate) use self::embedded::Embedded;
use crate::case::{FOLDER, SECRETS_FILE, Setup, Side};

/// The id of the app that the rows are about.
pub(crate) const APP_ID: &str = "shop";

/// A sidecar that runs.
pub(crate) struct Process {
    /// The address of its HTTP API.
    pub(crate) http: String,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Process {
    /// Waits until it has ended, and whether it ended well.
    pub(crate) async fn ended(self, patience: Duration) -> anyhow::Result<()> {
        tokio::time::timeout(patience, self.running).await??
    }

    /// Tells it to end, and waits until it has.
    pub(crate) async fn stop(self, patience: Duration) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.ended(patience).await
    }
}

/// What the rows need of a sidecar.
pub(crate) trait Target {
    /// What outlives a sidecar.
    type Store;

    fn side(&self) -> Side;

    /// How long a condition may take to come true.
    fn patience(&self) -> Duration;

    /// An empty store for what is set up so.
    async fn store(&self, setup: &Setup) -> anyhow::Result<Self::Store>;

    /// Starts a sidecar for the app at `app_port`; its HTTP API answers when this returns.
    async fn start(&self, setup: &Setup, app_port: u16, store: &Self::Store) -> anyhow::Result<Process>;
}

/// A folder that nobody else has, for the length of a run.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(Random::system().uuid().to_string())
}

/// Writes down what is set up for a sidecar.
fn write_resources(folder: &Path, setup: &Setup, components: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("secrets.json"), SECRETS_FILE)?;
    std::fs::write(folder.join("all.yaml"), components.replace(FOLDER, &folder.to_string_lossy()))?;
    // A real daprd wants something to be in each file.
    if !setup.resiliency.is_empty() {
        std::fs::write(folder.join("resiliency.yaml"), setup.resiliency)?;
    }
    Ok(())
}
