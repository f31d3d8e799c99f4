//! What the service consists of: its state, and the whole table of its topics, jobs and routes.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use events::Topic;
use platform::bell::Bell;
use platform::clock::Clock;
use platform::dapr::consumer::Consumer;
use platform::dapr::invoke::Invoker;
use platform::dapr::jobs::Jobs;
use platform::dapr::publish::Publisher;
use platform::dapr::subscribe::{self, MAX_DELIVERY, Subscription};
use platform::dapr::topics::TopicNames;
use platform::dapr::{guard, sidecar_check};
use platform::database::Pool;
use platform::health::{Check, Health};
use platform::http;
use platform::lifecycle::Service;
use platform::metrics::Metrics;
use platform::outage::{Activity, OutageAlert};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counters::Counters;
use crate::store::claims;
use crate::{APP_ID, Config, actions, api, events as deliveries, jobs};

/// The topics that are listened to.
const TOPICS: [Topic; 2] = [Topic::TaskEvents, Topic::UserActivities];

/// How long the sidecar may take to say how it is, and backend-api to answer.
const SIDECAR_TIMEOUT: Duration = Duration::from_secs(1);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many of the instances that wait are looked at for `/health`.
const MOST_WAITING: i64 = 1_000;

/// What everything works with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// Series and their instances.
    pub(crate) db: Pool,
    /// The time.
    pub(crate) clock: Clock,
    /// Asks backend-api to make tasks.
    pub(crate) invoker: Invoker,
    /// Rung when something is to be done.
    pub(crate) bells: Bells,
    /// Takes what comes from topics.
    pub(crate) consumer: Consumer,
    /// What became of everything.
    pub(crate) counters: Counters,
}

/// The bells of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bells {
    /// Something is to be done with an instance.
    pub(crate) instances: Bell,
    /// A window opens.
    pub(crate) windows: Bell,
    /// The sidecar is to be told of a job.
    pub(crate) jobs: Bell,
}

/// The service over an open database.
pub(crate) fn service(config: &Config, db: Pool, clock: Clock) -> anyhow::Result<Service> {
    let metrics = Metrics::new(APP_ID);
    let local = http::loopback_client(CALL_TIMEOUT)?;
    let app = App {
        db: db.clone(),
        clock: clock.clone(),
        invoker: Invoker::new(local, &config.service),
        bells: Bells::default(),
        consumer: Consumer::register(&metrics),
        counters: Counters::register(&metrics),
    };
    let sidecar = sidecar_check(http::loopback_client(SIDECAR_TIMEOUT)?, &config.service);
    let checks = vec![Check::database(db.clone()), sidecar, instances_check(db, clock)];
    let (background, background_stop) = (TaskTracker::new(), CancellationToken::new());
    start(&app, config, &metrics, &background, &background_stop)?;
    Ok(Service {
        // Nothing here is for anybody but the sidecar; people come by backend-api.
        router: guard::sidecar_only(routes(app, &config.service.topics), config.service.app_api_token.clone()),
        health: Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics, checks),
        background,
        background_stop,
    })
}

/// What goes on by itself.
fn start(
    app: &App,
    config: &Config,
    metrics: &Metrics,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let publisher = Publisher::new(&config.service)?;
    let scheduling = OutageAlert::new(Activity::JobScheduling, APP_ID, app.clock.clone(), publisher, metrics);
    background.spawn(actions::make_instances::run(app.clone(), stop.clone()));
    background.spawn(actions::open_windows::run(app.clone(), stop.clone()));
    background.spawn(actions::schedule_jobs::run(app.clone(), Jobs::new(&config.service)?, scheduling, stop.clone()));
    Ok(())
}

/// | route | |
/// |---|---|
/// | `GET /dapr/subscribe` | the topics |
/// | `POST /events/task-events` | tasks change: their series follow |
/// | `POST /events/user-activities` | somebody moves to another time zone |
/// | `POST /job/occurrence-<series>-<number>` | the sidecar rings: a window opens |
/// | `POST /job/purge-occurrences` | the sidecar rings at night: old instances go |
/// | `GET /internal/recurrences` | the series of workspaces |
/// | `POST /internal/recurrences/find` | one of them |
/// | `POST /internal/recurrences/change` | it is otherwise from now on |
/// | `POST /internal/recurrences/stop` | there will be no other instance |
/// | `POST /internal/recurrences/skip` | the open instance is passed over |
///
/// `/health`, `/livez`, `/readyz` and `/metrics` are added for every service alike.
fn routes(app: App, names: &TopicNames) -> Router {
    let topics = TOPICS.map(|topic| Subscription::to(topic, names));
    let router = Router::new()
        .route("/events/task-events", post(deliveries::task_events::receive))
        .route("/events/user-activities", post(deliveries::user_activities::receive))
        .layer(DefaultBodyLimit::max(MAX_DELIVERY))
        .route("/job/purge-occurrences", post(jobs::purge_occurrences::run))
        .route("/job/{name}", post(jobs::occurrence::ring))
        .route("/internal/recurrences", get(api::recurrences::list))
        .route("/internal/recurrences/find", post(api::recurrences::find))
        .route("/internal/recurrences/change", post(api::recurrences::change))
        .route("/internal/recurrences/stop", post(api::recurrences::stop))
        .route("/internal/recurrences/skip", post(api::recurrences::skip));
    router.with_state(app).merge(subscribe::router(&topics))
}

/// Shows how many instances wait for backend-api, and for how long the longest. The service works on with any number of them.
fn instances_check(db: Pool, clock: Clock) -> Check {
    Check::informative("instances", move || {
        let (db, clock) = (db.clone(), clock.clone());
        Box::pin(async move {
            match claims::waiting(&db, MOST_WAITING).await {
                Ok((waiting, since)) => {
                    let seconds = since.map_or(0, |since| (clock.now() - since).num_seconds().max(0));
                    (true, json!({ "waiting": waiting, "longest_seconds": seconds }))
                }
                Err(_) => (false, json!({ "waiting": null, "longest_seconds": null })),
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
