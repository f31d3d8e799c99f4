//! What the service consists of: its state, and the whole table of its topics, jobs and routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use chrono::TimeDelta;
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
use platform::outbox::{self, Relay, Wake, backlog_check};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::channels::Channels;
use crate::counters::Counters;
use crate::{APP_ID, Config, SCHEMA, actions, api, events as deliveries, jobs};

/// How long the sidecar may take to say how it is, and backend-api to answer.
const SIDECAR_TIMEOUT: Duration = Duration::from_secs(1);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long published events are kept: nobody looks back on them.
const KEEP_PUBLISHED: TimeDelta = TimeDelta::days(1);

/// What everything works with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// Reminders, messages, preferences.
    pub(crate) db: Pool,
    /// The time.
    pub(crate) clock: Clock,
    /// Asks backend-api who may be told.
    pub(crate) invoker: Invoker,
    /// The ways out.
    pub(crate) channels: Channels,
    /// Who is told what went wrong with the system: user ids.
    pub(crate) operators: Arc<[String]>,
    /// Rung when something is to be done.
    pub(crate) bells: Bells,
    /// Rung when events wait in the outbox.
    pub(crate) wake: Wake,
    /// Takes what comes from topics.
    pub(crate) consumer: Consumer,
    /// What became of everything.
    pub(crate) counters: Counters,
}

/// The bells of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bells {
    /// A reminder is due, or an event is to be told.
    pub(crate) due: Bell,
    /// A message is to leave.
    pub(crate) deliveries: Bell,
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
        channels: Channels::new(config.channels.clone())?,
        operators: config.operators.clone().into(),
        bells: Bells::default(),
        wake: Wake::default(),
        consumer: Consumer::register(&metrics),
        counters: Counters::register(&metrics),
    };
    let sidecar = sidecar_check(http::loopback_client(SIDECAR_TIMEOUT)?, &config.service);
    let backlog = backlog_check(db.clone(), SCHEMA.name, clock);
    let checks = vec![Check::database(db), sidecar, backlog, channels_check(app.channels.clone())];
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
    let relay = Relay {
        db: app.db.clone(),
        schema: SCHEMA.name,
        app_id: APP_ID,
        publisher: publisher.clone(),
        wake: app.wake.clone(),
        clock: app.clock.clone(),
        keep_published: KEEP_PUBLISHED,
    };
    let scheduling = OutageAlert::new(Activity::JobScheduling, APP_ID, app.clock.clone(), publisher, metrics);
    background.spawn(relay.clone().run(metrics.clone(), stop.clone()));
    background.spawn(outbox::watch(relay, metrics.clone(), stop.clone()));
    background.spawn(actions::keep_watch::run(app.clone(), stop.clone()));
    background.spawn(actions::deliver::run(app.clone(), stop.clone()));
    background.spawn(actions::schedule_jobs::run(app.clone(), Jobs::new(&config.service)?, scheduling, stop.clone()));
    Ok(())
}

/// | route | |
/// |---|---|
/// | `GET /dapr/subscribe` | the topics |
/// | `POST /events/task-events` | tasks change: reminders follow |
/// | `POST /events/system-notifications` | something went wrong with the system |
/// | `POST /job/reminder-<id>-<version>` | the sidecar rings |
/// | `POST /job/digest` | the sidecar rings for the daily e-mails |
/// | `POST /jobs/reminder` | a reminder is fired by hand |
/// | `GET /internal/reminders` | the reminders of workspaces |
/// | `GET /internal/notifications`, `POST /internal/notifications/read` | the list of a user |
/// | `GET`, `PATCH /internal/preferences` | what a user chose |
/// | `POST /internal/unsubscribe` | a link of an e-mail was followed |
///
/// `/health`, `/livez`, `/readyz` and `/metrics` are added for every service alike.
fn routes(app: App, names: &TopicNames) -> Router {
    let topics = [Topic::TaskEvents, Topic::SystemNotifications].map(|topic| Subscription::to(topic, names));
    let router = Router::new()
        .route("/events/task-events", post(deliveries::task_events::receive))
        .route("/events/system-notifications", post(deliveries::system_notifications::receive))
        .layer(DefaultBodyLimit::max(MAX_DELIVERY))
        .route("/job/{name}", post(jobs::reminder::ring))
        .route("/job/digest", post(jobs::digest::run))
        .route("/jobs/reminder", post(jobs::reminder::fire))
        .route("/internal/reminders", get(api::reminders::list))
        .route("/internal/notifications", get(api::notifications::list))
        .route("/internal/notifications/read", post(api::notifications::mark))
        .route("/internal/preferences", get(api::preferences::get).patch(api::preferences::change))
        .route("/internal/unsubscribe", post(api::unsubscribe::post));
    router.with_state(app).merge(subscribe::router(&topics))
}

/// Shows which channels can be used, and what the others lack. The service works on without any.
fn channels_check(channels: Channels) -> Check {
    Check::informative("channels", move || {
        let shown = json!(channels.shown());
        Box::pin(async move { (true, shown) })
    })
}
