//! Attending to one app: wait for its port and its health, ask what it subscribes to, deliver.

use std::time::Duration;

use tokio::net::TcpStream;

use super::subscriptions::resolve;
use super::{callback, health, worker};
use crate::sidecar::Sidecar;
use crate::tasks::Tasks;

/// How often the app's port is tried before it listens.
const DIAL_EVERY: Duration = Duration::from_millis(100);
/// How often an initial request is tried.
const ATTEMPTS: u32 = 4;

/// Attends to the app until its sidecar is stopped; the workers it starts are on `tasks`.
pub(crate) async fn attend(sidecar: Sidecar, tasks: Tasks) {
    let stop = sidecar.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = begin(&sidecar, &tasks) => {}
    }
}

async fn begin(sidecar: &Sidecar, tasks: &Tasks) {
    until_listening(sidecar).await;
    tasks.spawn(health::watch(sidecar.clone()));
    sidecar.until_app_is_healthy().await;
    let app = sidecar.app_id.as_str();
    if ask(sidecar, "/dapr/config").await.is_some_and(|answer| asks_for_actors(&answer)) {
        tracing::warn!(app, "the app hosts actors, which the embedded sidecar does not support");
    }
    let own = ask(sidecar, "/dapr/subscribe").await.unwrap_or_else(|| b"[]".to_vec());
    let subscriptions = resolve(app, &own, &sidecar.shared.resources);
    for subscription in &subscriptions {
        worker::start(sidecar, subscription, tasks).await;
    }
    tracing::info!(app, subscriptions = subscriptions.len(), "app is attended to");
    let _ = sidecar.subscriptions.set(subscriptions);
}

async fn until_listening(sidecar: &Sidecar) {
    while TcpStream::connect(("127.0.0.1", sidecar.app_port)).await.is_err() {
        tokio::time::sleep(DIAL_EVERY).await;
    }
}

/// The body of a 200; any other answer says nothing, and is worth a line unless it is 404.
async fn ask(sidecar: &Sidecar, path: &str) -> Option<Vec<u8>> {
    let app = sidecar.app_id.as_str();
    for attempt in 1..=ATTEMPTS {
        let request = callback::request(sidecar, reqwest::Method::GET, path).header("dapr-app-id", app);
        match callback::send(request).await {
            Ok((http::StatusCode::OK, body)) => return Some(body),
            Ok((http::StatusCode::NOT_FOUND, _)) => return None,
            Ok((status, _)) => {
                tracing::warn!(app, path, %status, "the app's answer counts as none");
                return None;
            }
            Err(error) if attempt == ATTEMPTS => tracing::error!(app, path, error, "the app did not answer"),
            Err(_) => tokio::time::sleep(DIAL_EVERY).await,
        }
    }
    None
}

fn asks_for_actors(answer: &[u8]) -> bool {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    answer["entities"].as_array().is_some_and(|entities| !entities.is_empty())
}
