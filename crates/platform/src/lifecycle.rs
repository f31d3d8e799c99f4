//! From a router to a running service, and back down: readiness off, drain, stop.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Drain, ServiceConfig};
use crate::connections::{self, Patience};
use crate::health::Health;
use crate::layers;

/// A service that is ready to be served.
#[derive(Debug)]
pub struct Service {
    /// Its own routes.
    pub router: Router,
    /// Its health; the four health routes are added to `router`.
    pub health: Health,
    /// Its background work; each task ends when `background_stop` is cancelled.
    pub background: TaskTracker,
    /// Stops the background work, after the last request was answered.
    pub background_stop: CancellationToken,
}

/// Serves until `shutdown`; then readiness is off, after the lame-duck time no connection is accepted, requests under way may
/// finish, and last the background work is stopped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    service: Service,
    listener: TcpListener,
    drain: Drain,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Service { router, health, background, background_stop } = service;
    let name = health.service();
    let address = listener.local_addr()?;
    let router = layers::around(router.merge(health.router()), health.clone());
    tracing::info!(service = name, %address, "listening");

    let (last_call, cut) = (CancellationToken::new(), CancellationToken::new());
    let serving = connections::serve(listener, router, Patience::default(), last_call.clone(), cut.clone());
    let deadline = async {
        shutdown.cancelled().await;
        health.stop();
        tokio::time::sleep(drain.lame_duck).await;
        last_call.cancel();
        tokio::time::sleep(drain.requests).await;
    };
    tokio::select! {
        () = serving => {}
        () = deadline => tracing::warn!(service = name, "requests still under way are cut off"),
    }
    cut.cancel();
    background_stop.cancel();
    background.close();
    if tokio::time::timeout(Duration::from_secs(3), background.wait()).await.is_err() {
        tracing::warn!(service = name, "background work was cut off");
    }
    tracing::info!(service = name, "stopped");
    Ok(())
}

/// The listener that the settings ask for.
///
/// # Errors
/// When the port is taken or may not be had; the text says which.
pub async fn bind(config: &ServiceConfig) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(config.bind_address, config.port);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another PORT or free it"))
}

/// Cancelled at the first SIGINT or SIGTERM; a second signal ends the process at once.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn shutdown_on_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        stop.cancel();
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(130);
    });
    Ok(token)
}
