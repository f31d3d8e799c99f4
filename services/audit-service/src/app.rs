//! What the service consists of: its state, and the whole table of its topics and routes.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use events::Topic;
use platform::clock::Clock;
use platform::config::ServiceConfig;
use platform::dapr::publish::Publisher;
use platform::dapr::subscribe::Subscription;
use platform::dapr::topics::TopicNames;
use platform::dapr::{guard, sidecar_check, subscribe};
use platform::database::Pool;
use platform::group_commit::GroupCommit;
use platform::health::{Check, Health};
use platform::http;
use platform::lifecycle::Service;
use platform::metrics::Metrics;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::dead_letter::MAX_MESSAGE;
use crate::domain::origin::Origin;
use crate::events::counters::Counters;
use crate::store::dead_letters;
use crate::store::recorder::Recorder;
use crate::{APP_ID, api, events as deliveries};

/// The topics whose events become entries. An event that travels on two of them is recorded once.
const TOPICS: [Topic; 3] = [Topic::TaskEvents, Topic::Reminders, Topic::UserActivities];

/// How long the sidecar may take to say how it is.
const SIDECAR_TIMEOUT: Duration = Duration::from_secs(1);

/// How many of the newest dead letters are looked at for `/health`.
const NEWEST: i64 = 1_000;

/// What every handler works with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The history.
    pub(crate) db: Pool,
    /// Where events become entries.
    pub(crate) recorder: GroupCommit<Recorder>,
    /// Says when a dead letter was stored or replayed.
    pub(crate) clock: Clock,
    /// What became of the deliveries.
    pub(crate) counters: Counters,
    /// Sends dead letters again.
    pub(crate) publisher: Publisher,
}

/// The service over an open database.
pub(crate) fn service(config: &ServiceConfig, db: Pool, clock: Clock) -> anyhow::Result<Service> {
    let metrics = Metrics::new(APP_ID);
    let sidecar = sidecar_check(http::loopback_client(SIDECAR_TIMEOUT)?, config);
    let checks = vec![Check::database(db.clone()), sidecar, dead_letters_check(db.clone())];
    let recorder = Recorder::start(db.clone(), clock.clone());
    let app = App { db, recorder, clock, counters: Counters::register(&metrics), publisher: Publisher::new(config)? };
    Ok(Service {
        // Nothing here is for anybody but the sidecar; backend-api reads the history through it.
        router: guard::sidecar_only(routes(app, &config.topics), config.app_api_token.clone()),
        health: Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics, checks),
        background: TaskTracker::new(),
        background_stop: CancellationToken::new(),
    })
}

/// | route | |
/// |---|---|
/// | `GET /dapr/subscribe` | the topics |
/// | `POST /events/<topic>` | a delivery, for each of [`TOPICS`] |
/// | `POST /events/task-created` | a notice of another system, subscribed to in `components/subscriptions/` |
/// | `POST /events/<topic>.dead` | what some consumer gave up, for every topic |
/// | `GET /internal/audit-logs` | the history |
/// | `GET /internal/deleted-tasks/{task_id}` | the last state of a deleted task |
/// | `GET /internal/dead-letters` | what consumers gave up |
/// | `GET /internal/dead-letters/{id}` | one of them, whole |
/// | `POST /internal/dead-letters/{id}/replay` | publishes it again, as it is or mended |
///
/// `/health`, `/livez`, `/readyz` and `/metrics` are added for every service alike.
fn routes(app: App, names: &TopicNames) -> Router {
    let live = TOPICS.into_iter().map(|topic| Subscription::to(topic, names));
    let dead = Topic::ALL.iter().map(|topic| Subscription::to_dead_letters_of(*topic, names));
    let subscriptions: Vec<_> = live.chain(dead).collect();
    let replay = post(api::dead_letters::replay).layer(DefaultBodyLimit::max(MAX_MESSAGE));
    let mut router = Router::new()
        .route("/internal/audit-logs", get(api::audit_logs::list))
        .route("/internal/deleted-tasks/{task_id}", get(api::deleted_tasks::get))
        .route("/internal/dead-letters", get(api::dead_letters::list))
        .route("/internal/dead-letters/{id}", get(api::dead_letters::show))
        .route("/internal/dead-letters/{id}/replay", replay);
    for topic in TOPICS {
        let deliver = post(move |state, body| deliveries::delivery::receive(topic, state, body));
        router = router.route(&format!("/events/{topic}"), deliver);
    }
    router = router.route(&format!("/events/{}", Origin::Notices), post(deliveries::notices::receive));
    for topic in Origin::all() {
        let keep = post(move |state, headers, body| deliveries::dead_letters::receive(topic, state, headers, body));
        router = router.route(&format!("/events/{}", topic.dead_letter()), keep);
    }
    router.with_state(app).merge(subscribe::router(&subscriptions))
}

/// Shows how many of the newest dead letters nobody has replayed yet; a service works on with any number of them.
fn dead_letters_check(db: Pool) -> Check {
    Check::informative("dead_letters", move || {
        let db = db.clone();
        Box::pin(async move {
            match dead_letters::count_dead(&db, NEWEST).await {
                Ok((letters, dead)) => (true, json!({ "dead": dead, "of_newest": letters })),
                Err(_) => (false, json!({ "dead": null, "of_newest": null })),
            }
        })
    })
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
