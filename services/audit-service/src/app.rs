//! What the service consists of: its state, and the whole table of its topics and routes.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use events::Topic;
use platform::clock::Clock;
use platform::config::ServiceConfig;
use platform::dapr::subscribe::Subscription;
use platform::dapr::{guard, sidecar_check, subscribe};
use platform::health::{Check, Health};
use platform::http;
use platform::lifecycle::Service;
use platform::metrics::Metrics;
use sea_orm::DatabaseConnection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events::counters::Counters;
use crate::{APP_ID, api, events as deliveries};

/// The topics whose events become entries. An event that travels on both is recorded once.
const TOPICS: [Topic; 2] = [Topic::TaskEvents, Topic::UserActivities];

/// How long the sidecar may take to say how it is.
const SIDECAR_TIMEOUT: Duration = Duration::from_secs(1);

/// What every handler works with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The history.
    pub(crate) db: DatabaseConnection,
    /// Says when an entry was recorded.
    pub(crate) clock: Clock,
    /// What became of the deliveries.
    pub(crate) counters: Counters,
}

/// The service over an open database.
pub(crate) fn service(config: &ServiceConfig, db: DatabaseConnection, clock: Clock) -> anyhow::Result<Service> {
    let metrics = Metrics::new(APP_ID);
    let sidecar = sidecar_check(http::loopback_client(SIDECAR_TIMEOUT)?, config);
    let checks = vec![Check::database(db.clone()), sidecar];
    let app = App { db, clock, counters: Counters::register(&metrics) };
    Ok(Service {
        // Nothing here is for anybody but the sidecar; backend-api reads the history through it.
        router: guard::sidecar_only(routes(app), config.app_api_token.clone()),
        health: Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics, checks),
        background: TaskTracker::new(),
        background_stop: CancellationToken::new(),
    })
}

/// | route | |
/// |---|---|
/// | `GET /dapr/subscribe` | the topics |
/// | `POST /events/<topic>` | a delivery, for each of [`TOPICS`] |
/// | `GET /internal/audit-logs` | the history |
///
/// `/health`, `/livez`, `/readyz` and `/metrics` are added for every service alike.
fn routes(app: App) -> Router {
    let subscriptions = TOPICS.map(Subscription::to);
    let mut router = Router::new().route("/internal/audit-logs", get(api::audit_logs::list));
    for topic in TOPICS {
        let deliver = post(move |state, body| deliveries::delivery::receive(topic, state, body));
        router = router.route(&format!("/events/{topic}"), deliver);
    }
    router.with_state(app).merge(subscribe::router(&subscriptions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topics_are_those_that_the_contract_sends_here() {
        let sent: Vec<Topic> = Topic::ALL.iter().copied().filter(|topic| topic.consumers().contains(&APP_ID)).collect();
        assert_eq!(sent, TOPICS);
    }
}
