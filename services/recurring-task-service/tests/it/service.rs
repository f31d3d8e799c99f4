//! A running recurring-task-service with a database of its own; its clock begins at 09:00 on 31 January 2026.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::clock::Clock;
use platform::config::Variables;
use recurring_task_service::{Config, Migrator, SCHEMA};
use reqwest::{Client, Method};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::{Database, eventually};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backend::{Backend, Behaviour};
use crate::fact::{TASK, WORKSPACE, completed, created};

/// What the sidecar shows the service.
pub(crate) const TOKEN: &str = "the sidecar's token";

/// The trace of every event.
pub(crate) const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

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
    pub(crate) async fn start() -> Self {
        let database = Database::create::<Migrator>(SCHEMA).await;
        let (sidecar, backend) = Backend::start().await;
        let variables = Variables::default().with("DATABASE_URL", database.url()).with("APP_API_TOKEN", TOKEN);
        // Nothing listens at port 1: without a sidecar, as far as jobs go.
        let variables = variables.with("DAPR_HTTP_PORT", sidecar.to_string()).with("DAPR_GRPC_PORT", "1");
        let variables = variables.with("DATABASE_STATEMENTS", testkit::statements()).with("DATABASE_POOL", "6");
        let variables = variables.with("DATABASE_WAIT_SECONDS", "25");
        let clock = testkit::clock();
        let replica = Replica::start(&variables, &clock).await;
        let client = platform::http::client(Duration::from_secs(30)).unwrap();
        Self { backend, clock, database, variables, replica, client }
    }

    /// The first instance was done, and the next one is there; gives the events so far.
    pub(crate) async fn done_once() -> (Self, Value, Value) {
        let service = Self::start().await;
        let first = created(1, json!({}));
        service.learn(&first).await;
        let done = completed(2, &first, "2026-01-31T09:00:00Z");
        service.learn(&done).await;
        service.makes(1).await;
        service.rests().await;
        (service, first, done)
    }

    /// Stops it, lets `meanwhile` happen, and starts it again.
    pub(crate) async fn away(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.replica.stop.cancel();
        tokio::time::timeout(DEADLINE, &mut self.replica.served).await.expect("it stops").unwrap().unwrap();
        meanwhile(self);
        self.replica = Replica::start(&self.variables, &self.clock).await;
    }

    /// Another replica beside it, until that is dropped.
    pub(crate) async fn another(&self) -> Another {
        let Replica { address, stop, .. } = Replica::start(&self.variables, &self.clock).await;
        Another { address, _stop: stop.drop_guard() }
    }

    /// Moves the clock to that moment.
    pub(crate) fn is(&self, moment: &str) {
        let moment: DateTime<Utc> = moment.parse().unwrap();
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

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// What is done to the only series, by its owner.
    pub(crate) async fn order(&self, what: &str, members: Value) -> Value {
        let mut body = json!({"id": TASK, "workspace_ids": [WORKSPACE]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let (status, answer) = self.post(&format!("/internal/recurrences/{what}"), &body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Something happened to a task.
    pub(crate) async fn learn(&self, event: &Value) {
        assert_eq!(self.deliver("task-events", event).await, "SUCCESS");
    }

    /// What the service answers to a delivery by its sidecar.
    pub(crate) async fn deliver(&self, topic: &str, event: &Value) -> String {
        self.deliver_to(self.replica.address, topic, event).await
    }

    /// What one replica answers to it.
    pub(crate) async fn deliver_to(&self, address: SocketAddr, topic: &str, event: &Value) -> String {
        let cloud_event = json!({
            "specversion": "1.0", "id": event["event_id"], "type": event["event_type"], "source": "backend-api", "data": event,
            "traceparent": TRACE,
        });
        let request = self.client.post(format!("http://{address}/events/{topic}")).header("dapr-api-token", TOKEN);
        let answer = request.json(&cloud_event).send().await.unwrap();
        assert_eq!(answer.status(), 200, "Dapr reads the outcome from the body of a 200");
        answer.json::<Value>().await.unwrap()["status"].as_str().unwrap().to_owned()
    }

    /// Waits until so many tasks were made in all; gives them.
    pub(crate) async fn makes(&self, count: usize) -> Vec<Value> {
        let made =
            eventually(DEADLINE, || async { Some(self.backend.made()).filter(|made| made.len() >= count) }).await;
        assert_eq!(made.len(), count, "{made:?}");
        made
    }

    /// Waits until nothing is to be done any more, and so nothing else will be made.
    pub(crate) async fn rests(&self) {
        let sql = "SELECT count(*) FROM recurring.occurrences WHERE status IN ('pending', 'withdrawing', 'skipping')";
        eventually(DEADLINE, || async { (self.number(sql).await == 0).then_some(()) }).await;
    }

    /// backend-api answers from now on: waits until nothing is to be done any more. Whoever has failed a moment ago puts off what they failed at, by a clock that
    /// otherwise stands still.
    pub(crate) async fn backend_answers(&self, behaviour: Behaviour) {
        self.backend.behaves(behaviour);
        eventually(DEADLINE, || async {
            self.clock.advance(TimeDelta::seconds(2));
            tokio::time::timeout(Duration::from_secs(1), self.rests()).await.ok()
        })
        .await;
    }

    /// Waits until backend-api was asked so often; gives what.
    pub(crate) async fn asks(&self, times: usize) -> Vec<String> {
        eventually(DEADLINE, || async { Some(self.backend.asked()).filter(|asked| asked.len() >= times) }).await
    }

    /// The only series.
    pub(crate) async fn series(&self) -> Value {
        let page = self.get(&format!("/internal/recurrences?workspace_ids={WORKSPACE}")).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{items:?}");
        items[0].clone()
    }

    /// What the table says, by looking at it.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = self.database.connect_as_owner().await.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

/// A replica beside the first.
pub(crate) struct Another {
    pub(crate) address: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Replica {
    async fn start(variables: &Variables, clock: &Clock) -> Self {
        let config = Config::read(variables).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(recurring_task_service::serve(config, clock.clone(), listener, stop.clone()));
        Self { address, stop, served }
    }
}
