//! The sidecar that the rows are put to: the embedded one, started by the suite, or one that runs already.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use platform::clock::Clock;
use platform::config::Secret;
use platform::random::Random;
use sidecar::{AppHealthCheck, Backoff, Migrator, Resources, SCHEMA, Settings};
use testkit::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::case::{FOLDER, SECRETS_FILE, Setup};

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

/// What the rows need of a sidecar. For a real daprd, `start` is a process with `--app-id shop`, `--app-port`, `--resources-path` of
/// a folder with the setup's components, and the two tokens in its environment; to stop it is SIGTERM; the store is a broker
/// with topics of its own, and a scheduler.
pub(crate) trait Target {
    /// What outlives a sidecar.
    type Store;

    fn name(&self) -> String;

    /// The port for the app; 0 is any.
    fn app_port(&self) -> u16;

    /// How long a condition may take to come true.
    fn patience(&self) -> Duration;

    /// Whether it can be set up so.
    fn offers(&self, setup: &Setup) -> bool;

    /// An empty store.
    async fn store(&self) -> anyhow::Result<Self::Store>;

    /// Starts a sidecar for the app at `app_port`; its HTTP API answers when this returns.
    async fn start(&self, setup: &Setup, app_port: u16, store: &Self::Store) -> anyhow::Result<Process>;
}

/// The embedded sidecar, on a fresh database for each setup.
pub(crate) struct Embedded;

impl Target for Embedded {
    type Store = Database;

    fn name(&self) -> String {
        "the embedded sidecar".to_owned()
    }

    fn app_port(&self) -> u16 {
        0
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn offers(&self, _: &Setup) -> bool {
        true
    }

    async fn store(&self) -> anyhow::Result<Database> {
        Ok(Database::create::<Migrator>(SCHEMA).await)
    }

    async fn start(&self, setup: &Setup, app_port: u16, store: &Database) -> anyhow::Result<Process> {
        let mut apps = Vec::new();
        let mut addresses = HashMap::new();
        for id in [APP_ID].into_iter().chain(setup.others.iter().copied()) {
            let (http, grpc) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
            addresses.insert(id, format!("http://{}", http.local_addr()?));
            apps.push(sidecar::App { app_id: id.to_owned(), app_port, http, grpc });
        }
        let mut settings = Settings::new(apps, load(setup)?, Clock::system());
        settings.backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(50) };
        let often = Duration::from_millis(100);
        settings.app_health_check = setup.health_path.map(|path| AppHealthCheck {
            path: path.to_owned(),
            interval: often,
            timeout: often,
            ..AppHealthCheck::default()
        });
        if setup.tokens {
            settings.dapr_api_token = Some(Secret::new("ours"));
            settings.app_api_token = Some(Secret::new("theirs"));
        }
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(sidecar::run(store.connect().await, settings, shutdown.clone()));
        let http = addresses.remove(APP_ID).unwrap_or_default();
        Ok(Process { http, shutdown, running })
    }
}

fn load(setup: &Setup) -> anyhow::Result<Resources> {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Random::system().uuid().to_string()).join("components");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("secrets.json"), SECRETS_FILE)?;
    std::fs::write(folder.join("all.yaml"), setup.components.replace(FOLDER, &folder.to_string_lossy()))?;
    std::fs::write(folder.join("resiliency.yaml"), setup.resiliency)?;
    let loaded = Resources::load(&folder);
    std::fs::remove_dir_all(&folder)?;
    Ok(loaded?)
}

/// A sidecar that somebody started for an app `shop`, with the components of the usual setup. Rows that need another setup, or
/// stop the sidecar, cannot be put to it.
pub(crate) struct Given {
    /// `CONFORMANCE_SIDECAR_URL`: its HTTP API.
    pub(crate) url: String,
    /// `CONFORMANCE_APP_PORT`: where it expects the app.
    pub(crate) app_port: u16,
}

impl Target for Given {
    type Store = ();

    fn name(&self) -> String {
        format!("the sidecar at {}", self.url)
    }

    fn app_port(&self) -> u16 {
        self.app_port
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn offers(&self, setup: &Setup) -> bool {
        *setup == Setup::default()
    }

    async fn store(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn start(&self, _: &Setup, _: u16, (): &()) -> anyhow::Result<Process> {
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let running = tokio::spawn(async move {
            stopped.cancelled().await;
            Ok(())
        });
        Ok(Process { http: self.url.clone(), shutdown, running })
    }
}
