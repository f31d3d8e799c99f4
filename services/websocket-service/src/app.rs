//! What the service is made of: its state, and the whole table of its routes and topics.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use events::Topic;
use platform::auth::Verifier;
use platform::clock::Clock;
use platform::dapr::guard::sidecar_only;
use platform::dapr::invoke::Invoker;
use platform::dapr::sidecar_check;
use platform::dapr::subscribe::{self, Subscription};
use platform::dapr::topics::TopicNames;
use platform::health::{Check, Health};
use platform::layers;
use platform::lifecycle::{self, Service};
use platform::metrics::Metrics;
use platform::origins::AllowedOrigins;
use platform::overload;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actions::notice_missed;
use crate::events::{reminders, task_updates};
use crate::hub::Hub;
use crate::metrics::SocketMetrics;
use crate::{APP_ID, Config, SocketLimits, api};

/// How long any outgoing request may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages of history that are read at once, for all sockets together.
const HISTORY_READS: usize = 16;

/// What handlers work with. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Parts>);

/// The parts of the service.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) verifier: Verifier,
    pub(crate) invoker: Invoker,
    pub(crate) hub: Arc<Hub>,
    pub(crate) origins: AllowedOrigins,
    pub(crate) limits: SocketLimits,
    pub(crate) metrics: SocketMetrics,
    pub(crate) clock: Clock,
    /// A permit for each page of history that may be asked for at once.
    pub(crate) history_reads: Semaphore,
    /// A permit for each socket that may be open without having said whose it is.
    pub(crate) unauthenticated: Arc<Semaphore>,
    /// Every open socket; the service has not stopped before they have.
    pub(crate) sockets: TaskTracker,
    /// Cancelled when sockets are to close.
    pub(crate) stop: CancellationToken,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Serves until `shutdown`; then every socket is closed with 1001, so that its client goes to another replica.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if config.issuers.is_empty() {
        tracing::warn!("TRUSTED_ISSUERS is not set: no token is believed, sockets open by ticket only");
    }
    let abroad = platform::http::client(HTTP_TIMEOUT)?;
    let local = platform::http::loopback_client(HTTP_TIMEOUT)?;
    let metrics = Metrics::new(APP_ID);
    let app = App(Arc::new(Parts {
        verifier: Verifier::new(config.issuers, clock.clone(), &abroad),
        invoker: Invoker::new(local.clone(), &config.service),
        hub: Hub::new(config.limits.queue_bytes, config.limits.sockets_per_user),
        origins: config.origins,
        history_reads: Semaphore::new(HISTORY_READS),
        unauthenticated: Arc::new(Semaphore::new(config.limits.unauthenticated_sockets)),
        limits: config.limits,
        metrics: SocketMetrics::new(&metrics),
        clock: clock.clone(),
        sockets: TaskTracker::new(),
        stop: shutdown.clone(),
    }));
    // Among the sockets, because they are who it is for.
    app.sockets.spawn({
        let (app, stop) = (app.clone(), shutdown.clone());
        async move { stop.run_until_cancelled(notice_missed::run(app)).await }
    });
    let open = app.metrics.sockets_open.clone();
    let sockets = Check::informative("sockets", move || {
        let open = open.get();
        Box::pin(async move { (true, json!({ "open": open })) })
    });
    let checks = vec![sidecar_check(local, &config.service), sockets];
    let entrance = overload::at_most(config.service.max_requests_in_progress, entrance(app.clone()));
    let entrance = config.address_limit.around(entrance, &clock);
    let service = Service {
        background: app.sockets.clone(),
        // The sockets watch `shutdown` itself: they close while requests under way still finish.
        background_stop: CancellationToken::new(),
        health: Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics, checks),
        router: entrance.merge(sidecar_only(deliveries(app, &config.service.topics), config.service.app_api_token)),
    };
    lifecycle::serve(service, listener, config.service.drain, shutdown).await
}

/// What clients ask for.
fn entrance(app: App) -> Router {
    Router::new().route("/ws", get(api::socket::open)).with_state(app).fallback(layers::not_found)
}

/// The component through which events come here: each replica gets all of them.
const PUBSUB: &str = "pubsub-per-replica";

/// What is for open screens.
const TOPICS: [Topic; 2] = [Topic::TaskUpdates, Topic::Reminders];

/// Every topic.
fn deliveries(app: App, names: &TopicNames) -> Router {
    let topics = TOPICS.map(|topic| Subscription::to(topic, names).through(PUBSUB));
    Router::new()
        .route("/events/task-updates", post(task_updates::receive))
        .route("/events/reminders", post(reminders::receive))
        .layer(DefaultBodyLimit::max(subscribe::MAX_DELIVERY))
        .with_state(app)
        .merge(subscribe::router(&topics))
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
