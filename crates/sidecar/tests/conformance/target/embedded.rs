//! The embedded sidecar, on a fresh database for each setup.

use std::collections::HashMap;
use std::time::Duration;

use platform::clock::Clock;
use platform::config::Secret;
use sidecar::{AppHealthCheck, Backoff, Migrator, Resources, SCHEMA, Settings};
use testkit::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{APP_ID, Process, Target, folder, write_resources};
use crate::case::{Setup, Side};

pub(crate) struct Embedded;

impl Target for Embedded {
    type Store = Database;

    fn side(&self) -> Side {
        Side::Embedded
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn store(&self, _: &Setup) -> anyhow::Result<Database> {
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
    let folder = folder();
    write_resources(&folder, setup, &setup.components)?;
    let loaded = Resources::load(&folder);
    std::fs::remove_dir_all(&folder)?;
    Ok(loaded?)
}
