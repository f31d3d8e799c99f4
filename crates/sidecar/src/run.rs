//! Starting the sidecars of a process, and ending them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use platform::clock::Clock;
use platform::database::Pool;
use platform::http::loopback_client;
use tokio_util::sync::CancellationToken;

use crate::delivery::AppHealth;
use crate::jobs::{self, Jobs, Rhythm};
use crate::log::{self, Log, Positions};
use crate::settings::{App, Settings};
use crate::sidecar::{Peer, Shared, Sidecar};
use crate::tasks::Tasks;
use crate::{delivery, grpc, http};

/// Messages deleted at once by retention.
const FORGET_BATCH: u32 = 1_000;

/// Runs a sidecar for every app of `settings` until `shutdown`: then no delivery is begun, those under way may finish
/// within `settings.drain`, and positions are stored.
///
/// The schema must be up to date ([`crate::Migrator`]).
///
/// # Errors
/// When two apps have one id, health checks are asked for that cannot be, the HTTP client cannot be made, or a listener fails.
pub async fn run(db: Pool, settings: Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
    if let Some(check) = &settings.app_health_check {
        check.validate()?;
    }
    let Settings { apps, mut resources, clock, drain, poll_interval, retention, retention_interval, .. } = settings;
    let rhythm =
        Rhythm { lease: settings.job_lease, poll_interval: settings.job_poll_interval, at_once: settings.jobs_at_once };
    let log = Log::new(db.clone(), clock.clone());
    resources.share_logs(&log.names().await.context("the log cannot be read")?);
    let shared = Arc::new(Shared {
        log: log.clone(),
        positions: Positions::new(db.clone()),
        jobs: Jobs::new(db.clone(), clock.clone()),
        resources,
        peers: peers(&apps, &shutdown)?,
        client: loopback_client(settings.callback_timeout).context("the HTTP client cannot be made")?,
        clock: clock.clone(),
        random: settings.random,
        health_check: settings.app_health_check,
        apps_stop: settings.apps_stop,
        backoff: settings.backoff,
        dapr_api_token: settings.dapr_api_token,
        app_api_token: settings.app_api_token,
    });
    let finished = CancellationToken::new();
    let keeper = tokio::spawn({
        let (positions, finished) = (shared.positions.clone(), finished.clone());
        async move { positions.keep(finished).await }
    });
    let upkeep = Tasks::default();
    upkeep.spawn(poll(log.clone(), poll_interval, shutdown.clone()));
    upkeep.spawn(forget(log, clock, retention, retention_interval, shutdown.clone()));

    let tasks = Tasks::default();
    let sidecars = apps.into_iter().map(|app| start(app, &shared, &tasks)).collect::<anyhow::Result<Vec<_>>>()?;
    upkeep.spawn(jobs::run(shared.jobs.clone(), sidecars, rhythm, tasks.clone(), shutdown.clone(), finished.clone()));
    if !tasks.end(&shutdown, drain).await {
        tracing::warn!(?drain, "deliveries or requests still under way were cut off");
    }
    finished.cancel();
    keeper.await.context("the keeper of positions")?;
    platform::database::leave(db).await;
    Ok(())
}

fn peers(apps: &[App], shutdown: &CancellationToken) -> anyhow::Result<HashMap<String, Peer>> {
    let mut peers = HashMap::new();
    for app in apps {
        let peer = Peer { port: app.app_port, health: AppHealth::default(), stop: shutdown.child_token() };
        anyhow::ensure!(peers.insert(app.app_id.clone(), peer).is_none(), "two apps are called {}", app.app_id);
    }
    Ok(peers)
}

fn start(app: App, shared: &Arc<Shared>, tasks: &Tasks) -> anyhow::Result<Sidecar> {
    let App { app_id, http, grpc, .. } = app;
    let peer = shared.peers.get(&app_id).context("every app is a peer")?;
    let sidecar = Sidecar::new(app_id, peer, shared);
    tracing::info!(app = sidecar.app_id, http = %http.local_addr()?, grpc = %grpc.local_addr()?, "sidecar is listening");
    tasks.spawn(delivery::attend(sidecar.clone(), tasks.clone()));
    tasks.spawn(http::serve(sidecar.clone(), http));
    tasks.spawn(grpc::serve(sidecar.clone(), grpc));
    Ok(sidecar)
}

/// Looks now and then for what other processes appended.
async fn poll(log: Log, interval: Duration, shutdown: CancellationToken) {
    while !within(interval, &shutdown).await {
        if let Err(error) = log.refresh().await {
            tracing::warn!(%error, "the log's ends could not be read; trying again");
        }
    }
}

/// Deletes now and then what is past retention.
async fn forget(log: Log, clock: Clock, retention: Duration, interval: Duration, shutdown: CancellationToken) {
    let Ok(retention) = TimeDelta::from_std(retention) else { return };
    while !within(interval, &shutdown).await {
        let Some(oldest) = clock.now().checked_sub_signed(retention) else { return };
        match log::enforce_retention(&log, oldest, FORGET_BATCH).await {
            Ok(0) => {}
            Ok(messages) => tracing::info!(messages, "messages past retention were deleted"),
            Err(error) => tracing::warn!(%error, "messages past retention could not be deleted; trying again later"),
        }
    }
}

/// Whether `shutdown` came within `pause`.
async fn within(pause: Duration, shutdown: &CancellationToken) -> bool {
    tokio::time::timeout(pause, shutdown.cancelled()).await.is_ok()
}
