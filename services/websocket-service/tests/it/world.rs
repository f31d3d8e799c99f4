//! A running websocket-service and what is around it.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use events::CloudEvent;
use platform::clock::Clock;
use platform::config::Variables;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::issuer::Issuer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use websocket_service::Config;

use crate::backend::Backend;
use crate::client::Client;

/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) backend: Arc<Backend>,
    pub(crate) issuer: Issuer,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<anyhow::Result<()>>,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts the service with `adjust` applied to the default configuration.
    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_at(Clock::system(), adjust).await
    }

    /// The same by `clock`, which the issuer goes by too.
    pub(crate) async fn start_at(clock: Clock, adjust: impl FnOnce(&mut Config)) -> Self {
        let issuer = Issuer::start(&clock).await;
        let (backend, sidecar) = Backend::start().await;
        let url = issuer.base_url();
        let issuers = json!([{"issuer": url, "jwks_url": issuer.jwks_url(), "audience": url}]);
        let variables = Variables::default()
            .with("DAPR_HTTP_PORT", sidecar.port().to_string())
            .with("TRUSTED_ISSUERS", issuers.to_string());
        let mut config = Config::read(&variables).unwrap();
        adjust(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(websocket_service::serve(config, clock, listener, shutdown.clone()));
        let http = platform::http::client(DEADLINE).unwrap();
        Self { address, backend, issuer, shutdown, serving, http }
    }

    /// A token of the user, valid for so many seconds.
    pub(crate) fn token_for(&self, user: &str, seconds: i64) -> String {
        self.issuer.claims(user).expires_in(TimeDelta::seconds(seconds)).sign()
    }

    pub(crate) fn token(&self, user: &str) -> String {
        self.issuer.token(user)
    }

    /// A socket of a new user in a workspace of their own that stands at `sequence`.
    pub(crate) async fn user(&self, user: &str, sequence: i64) -> (Uuid, Client) {
        let workspace = new_id();
        self.backend.member(user, workspace, sequence);
        (workspace, self.subscribed(user).await)
    }

    /// A further socket of the user, past its greeting.
    pub(crate) async fn subscribed(&self, user: &str) -> Client {
        let mut client = Client::bearer(self.address, &self.token(user)).await;
        assert_eq!(client.message().await["type"], "subscribed");
        client
    }

    /// Delivers to `task-updates` as the sidecar does; the answer is the `status` in the body.
    pub(crate) async fn deliver(&self, body: impl Into<reqwest::Body>) -> String {
        self.deliver_to("task-updates", body).await
    }

    /// Delivers as the sidecar does; the answer is the `status` in the body.
    pub(crate) async fn deliver_to(&self, topic: &str, body: impl Into<reqwest::Body>) -> String {
        let url = format!("http://{}/events/{topic}", self.address);
        let request = self.http.post(url).header("content-type", "application/cloudevents+json").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["status"].as_str().unwrap().to_owned()
    }

    /// Delivers a task event, which is in the history first.
    pub(crate) async fn happen(&self, workspace: Uuid, sequence: i64) {
        let event = task_updated(workspace, sequence, "Buy milk");
        self.backend.record(&event);
        assert_eq!(self.deliver(cloud_event(&event)).await, "SUCCESS");
    }

    /// Task events that happened while nobody listened.
    pub(crate) fn past(&self, workspace: Uuid, sequences: RangeInclusive<i64>) {
        for sequence in sequences {
            self.backend.record(&task_updated(workspace, sequence, "Buy milk"));
        }
    }

    /// A socket of the user that says in its query how far it had come.
    pub(crate) async fn resume(&self, user: &str, last_seen: &str) -> Client {
        let protocols = format!("bearer, {}", self.token(user));
        let query = format!("?last_seen={last_seen}");
        Client::open(self.address, &query, &[("sec-websocket-protocol", &protocols)]).await.unwrap()
    }

    /// The value of a series at `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> i64 {
        let text =
            self.http.get(format!("http://{}/metrics", self.address)).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{"))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Waits until backend-api was asked for memberships so many times.
    pub(crate) async fn await_asked(&self, times: usize) {
        eventually(DEADLINE, async || (self.backend.asked().len() >= times).then_some(())).await;
    }

    /// Waits until a series has the value.
    pub(crate) async fn await_metric(&self, name: &str, value: i64) {
        eventually(DEADLINE, async || (self.metric(name).await == value).then_some(())).await;
    }
}

pub(crate) fn new_id() -> Uuid {
    Clock::system().new_id()
}

/// The `data` of a `task.updated`.
pub(crate) fn task_updated(workspace: Uuid, sequence: i64, title: &str) -> Value {
    let id = new_id();
    let task = |title: &str, version: i64| {
        json!({
            "id": id, "user_id": "alice", "workspace_id": workspace, "title": title, "description": "",
            "status": "todo", "completed": false, "priority": "none", "tags": [], "timezone": "Europe/Paris",
            "reminders": [], "reporter": "alice", "version": version,
            "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00.251904Z",
        })
    };
    json!({
        "event_id": new_id(), "event_type": "task.updated", "user_id": "alice", "organization_id": workspace,
        "sequence": sequence, "timestamp": "2026-01-31T09:00:00.251904Z",
        "task_data": task(title, 2), "previous_data": task("before", 1),
        "metadata": {"source": "rest_api", "version": "1.0"},
    })
}

/// The body of a delivery.
pub(crate) fn cloud_event(data: &Value) -> String {
    let id = data["event_id"].as_str().unwrap().parse().unwrap();
    let event_type = data["event_type"].as_str().unwrap();
    let event = CloudEvent::for_publishing("backend-api", id, event_type, None, data.clone());
    serde_json::to_string(&event).unwrap()
}
