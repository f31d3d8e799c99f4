//! A running notification-service with a database of its own; its clock begins at 09:00 on 31 January 2026.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use notification_service::{Config, Migrator, SCHEMA};
use platform::clock::Clock;
use platform::config::Variables;
use reqwest::{Client, Method};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::{Database, Proxy, eventually};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::backend::Backend;
use crate::fact::WORKSPACE;

/// What the sidecar shows the service.
pub(crate) const TOKEN: &str = "the sidecar's token";

/// How long anything may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    pub(crate) backend: Backend,
    pub(crate) clock: Clock,
    pub(crate) database: Database,
    variables: Variables,
    replica: Replica,
    client: Client,
}

struct Replica {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    /// With Alice and Bob, who may see everything.
    pub(crate) async fn start() -> Self {
        Self::start_with(&["alice", "bob"], &[]).await
    }

    pub(crate) async fn start_with(members: &[&str], settings: &[(&str, &str)]) -> Self {
        let database = Database::create::<Migrator>(SCHEMA).await;
        let (sidecar, backend) = Backend::start(members).await;
        let variables = Variables::default().with("DATABASE_URL", database.url()).with("APP_API_TOKEN", TOKEN);
        // Nothing listens at port 1: without a sidecar, as far as publishing and jobs go.
        let variables = variables.with("DAPR_HTTP_PORT", sidecar.to_string()).with("DAPR_GRPC_PORT", "1");
        let variables = variables.with("DATABASE_STATEMENTS", testkit::statements()).with("DATABASE_POOL", "6");
        let variables = settings.iter().fold(variables, |all, (name, value)| all.with(name, *value));
        let clock = testkit::clock();
        let replica = Replica::start(&variables, &clock).await;
        let client = platform::http::client(Duration::from_secs(30)).unwrap();
        Self { backend, clock, database, variables, replica, client }
    }

    /// Stops it, lets `meanwhile` happen, and starts it again.
    pub(crate) async fn away(&mut self, meanwhile: impl AsyncFnOnce(&Self)) {
        self.replica.stop.cancel();
        tokio::time::timeout(DEADLINE, &mut self.replica.served).await.expect("it stops").unwrap().unwrap();
        meanwhile(self).await;
        self.replica = Replica::start(&self.variables, &self.clock).await;
    }

    /// Another replica beside it, until that is dropped.
    pub(crate) async fn another(&self) -> impl Drop {
        let Replica { stop, .. } = Replica::start(&self.variables, &self.clock).await;
        stop.drop_guard()
    }

    /// Another one that reaches the database by `proxy` and a backend-api of its own, where these people may see everything.
    pub(crate) async fn beside(&self, proxy: &Proxy, members: &[&str]) -> (impl Drop + use<>, Backend) {
        let (sidecar, backend) = Backend::start(members).await;
        let variables = self.variables.clone().with("DATABASE_URL", proxy.url());
        let variables = variables.with("DAPR_HTTP_PORT", sidecar.to_string());
        let Replica { stop, .. } = Replica::start(&variables, &self.clock).await;
        (stop.drop_guard(), backend)
    }

    /// Moves the clock to that hour and minute of the day.
    pub(crate) fn is(&self, time: &str) {
        let moment: DateTime<Utc> = format!("2026-01-31T{time}:00Z").parse().unwrap();
        self.clock.advance(moment - self.clock.now());
    }

    /// A request as the sidecar would make it.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self.client.request(method, self.url(path));
        let request = request.header("dapr-api-token", TOKEN);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Where it answers.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.replica.address)
    }

    /// What it counts.
    pub(crate) async fn metrics(&self) -> String {
        self.client.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// backend-api knows of it, and the event arrives.
    pub(crate) async fn learn(&self, event: &Value) {
        self.backend.knows(event);
        assert_eq!(self.deliver("task-events", event).await, "SUCCESS");
    }

    /// What the service answers to a delivery by its sidecar.
    pub(crate) async fn deliver(&self, topic: &str, event: &Value) -> String {
        let cloud_event = json!({
            "specversion": "1.0", "id": event["event_id"], "type": event["event_type"], "source": "backend-api", "data": event,
        });
        let (status, answer) = self.post(&format!("/events/{topic}"), &cloud_event).await;
        assert_eq!(status, 200, "Dapr reads the outcome from the body of a 200");
        answer["status"].as_str().unwrap().to_owned()
    }

    /// The reminders of the workspace, by their moments.
    pub(crate) async fn reminders(&self) -> Vec<Value> {
        let page = self.get(&format!("/internal/reminders?workspace_ids={WORKSPACE}&limit=200")).await;
        let mut items = page["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["fire_at"].as_str().unwrap_or_default().to_owned());
        items
    }

    /// The only reminder.
    pub(crate) async fn reminder(&self) -> Value {
        let mut all = self.reminders().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The bell of a reminder rings as the sidecar rings it.
    pub(crate) async fn ring(&self, reminder: &Value) -> (u16, Value) {
        let name = format!("/job/reminder-{}-{}", reminder["id"].as_str().unwrap(), reminder["version"]);
        self.post(&name, &payload(reminder)).await
    }

    /// Waits until the only reminder has this status.
    pub(crate) async fn becomes(&self, status: &str) -> Value {
        eventually(DEADLINE, || async {
            let reminder = self.reminder().await;
            (reminder["status"] == status).then_some(reminder)
        })
        .await
    }

    /// What is on the list of a user, the newest first.
    pub(crate) async fn list(&self, user_id: &str) -> Vec<Value> {
        let page = self.get(&format!("/internal/notifications?user_id={user_id}&limit=200")).await;
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until there are so many on the list of a user.
    pub(crate) async fn lists(&self, user_id: &str, count: usize) -> Vec<Value> {
        eventually(DEADLINE, || async {
            let list = self.list(user_id).await;
            (list.len() >= count).then_some(list)
        })
        .await
    }

    /// What the table says, by looking at it.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = self.database.connect_as_owner().await.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// The types and the data of the events that wait to be published, in their order.
    pub(crate) async fn told(&self) -> Vec<(String, Value)> {
        let owner = self.database.connect_as_owner().await;
        let sql = "SELECT event_type, payload FROM notification.outbox ORDER BY id";
        let rows = owner.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.iter().map(|row| (row.try_get("", "event_type").unwrap(), row.try_get("", "payload").unwrap())).collect()
    }

    /// Their types.
    pub(crate) async fn told_types(&self) -> Vec<String> {
        self.told().await.into_iter().map(|(event_type, _)| event_type).collect()
    }
}

/// What the job of a reminder of Alice carries.
pub(crate) fn payload(reminder: &Value) -> Value {
    payload_of("alice", reminder)
}

/// The same of somebody else.
pub(crate) fn payload_of(user_id: &str, reminder: &Value) -> Value {
    json!({
        "reminder_id": reminder["id"], "task_id": reminder["task_id"], "user_id": user_id, "task_title": reminder["task_title"],
    })
}

/// An id that nothing has.
pub(crate) fn nobody() -> Uuid {
    Uuid::from_u128(0xffff)
}

impl Replica {
    async fn start(variables: &Variables, clock: &Clock) -> Self {
        let config = Config::read(variables).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(notification_service::serve(config, clock.clone(), listener, stop.clone()));
        Self { address, stop, served }
    }
}
