//! What the service consists of: its state, and the whole table of its topics, jobs and routes.

use std::time::Duration;

use axum::Router;
use platform::clock::Clock;
use platform::dapr::{guard, sidecar_check};
use platform::database::Pool;
use platform::health::{Check, Health};
use platform::http;
use platform::lifecycle::Service;
use platform::metrics::Metrics;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{APP_ID, Config};

/// How long the sidecar may take to say how it is.
const SIDECAR_TIMEOUT: Duration = Duration::from_secs(1);

/// The service over an open database.
pub(crate) fn service(config: &Config, db: Pool, _clock: Clock) -> anyhow::Result<Service> {
    let metrics = Metrics::new(APP_ID);
    let sidecar = sidecar_check(http::loopback_client(SIDECAR_TIMEOUT)?, &config.service);
    let checks = vec![Check::database(db), sidecar];
    let (background, background_stop) = (TaskTracker::new(), CancellationToken::new());
    Ok(Service {
        // Nothing here is for anybody but the sidecar; people come by backend-api.
        router: guard::sidecar_only(Router::new(), config.service.app_api_token.clone()),
        health: Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics, checks),
        background,
        background_stop,
    })
}
