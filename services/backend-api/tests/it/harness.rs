//! A running backend-api with a database of its own, a trusted issuer, and no sidecar unless a test says otherwise.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use backend_api::{Config, Migrator, SCHEMA, serve};
use platform::clock::Clock;
use platform::config::Variables;
use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::http::Client;
use testkit::issuer::Issuer;
use testkit::{Database, Proxy};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::document;

/// What the tests' services share as AUTH_SECRET.
pub(crate) const AUTH_SECRET: &str = "a secret that only tests know, 48 bytes in length";

/// The token that the sidecar would show.
pub(crate) const APP_TOKEN: &str = "the sidecar's token";

/// A running service.
pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) issuer: Issuer,
    pub(crate) database: Database,
    stop: DropGuard,
    running: JoinHandle<anyhow::Result<()>>,
}

/// Somebody with a token.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) client: Client,
}

impl Api {
    /// Starts on a free port; its sidecar is away.
    pub(crate) async fn start() -> Self {
        Self::start_with(Variables::default()).await
    }

    /// The same with some variables set.
    pub(crate) async fn start_with(variables: Variables) -> Self {
        Self::start_on(variables, Database::create::<Migrator>(SCHEMA).await).await
    }

    /// The same with a database that was made before.
    pub(crate) async fn start_on(variables: Variables, database: Database) -> Self {
        let clock = testkit::clock();
        let issuer = Issuer::start(&clock).await;
        Self::run(variables, clock, issuer, database).await
    }

    /// The same with a proxy before its database.
    pub(crate) async fn start_behind(proxy: &Proxy, database: Database) -> Self {
        let variables = Variables::default().with("DATABASE_URL", proxy.url()).with("DATABASE_WAIT_SECONDS", "5");
        Self::start_on(variables, database).await
    }

    /// Stops, and starts again with the same database.
    pub(crate) async fn restart(self, variables: Variables) -> Self {
        let Self { clock, issuer, database, stop, running, .. } = self;
        drop(stop);
        running.await.unwrap().unwrap();
        Self::run(variables, clock, issuer, database).await
    }

    async fn run(variables: Variables, clock: Clock, issuer: Issuer, database: Database) -> Self {
        let trusted =
            json!([{ "issuer": issuer.base_url(), "jwks_url": issuer.jwks_url(), "audience": issuer.base_url() }]);
        let variables = with_default(variables, "DATABASE_URL", &database.url())
            .with("DATABASE_STATEMENTS", testkit::statements())
            .with("AUTH_SECRET", AUTH_SECRET)
            .with("APP_API_TOKEN", APP_TOKEN)
            .with("TRUSTED_ISSUERS", trusted.to_string());
        let closed = closed_port().to_string();
        let variables = with_default(variables, "DAPR_HTTP_PORT", &closed);
        let variables = with_default(variables, "DAPR_GRPC_PORT", &closed);
        // The machine may have other things to do; what overload does has tests of its own.
        let variables = with_default(variables, "DATABASE_WAIT_SECONDS", "30");
        let config = Config::read(&variables).unwrap();
        testkit::http::inspect_answers(document::inspect);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let running = tokio::spawn(serve(config, clock.clone(), listener, stop.clone()));
        // The listener is open already: requests wait until the service takes them.
        Self { base, clock, issuer, database, stop: stop.drop_guard(), running }
    }

    /// Somebody whom the trusted issuer vouches for.
    pub(crate) fn person(&self, id: &str) -> Person {
        let client = Client::new(&self.base).with_token(self.issuer.token(id));
        Person { id: id.to_owned(), client }
    }

    /// A connection as the owner of the tables, to look behind the scenes.
    pub(crate) async fn owner(&self) -> Pool {
        self.database.connect_as_owner().await
    }

    /// The first column of the first row.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        self.owner().await.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Every event in the outbox, oldest first: its payload with its topics.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let sql = "SELECT payload || jsonb_build_object('topics', topics, 'trace', trace_context) FROM core.outbox ORDER BY id";
        let rows = self.owner().await.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Calls a job as the sidecar would.
    pub(crate) async fn run_job(&self, name: &str) -> Value {
        let request = Client::new(&self.base).request(reqwest::Method::POST, &format!("/job/{name}"));
        request.header("dapr-api-token", APP_TOKEN).json(&json!({})).send().await.expect(200).json()
    }

    /// The event types of one task, oldest first.
    pub(crate) async fn told_of(&self, task: &Value) -> Vec<String> {
        let id = &task["id"];
        let events = self.events().await;
        let about = events.iter().filter(|event| event["task_data"]["id"] == *id);
        about.map(|event| event["event_type"].as_str().unwrap().to_owned()).collect()
    }
}

impl Person {
    /// The path of the person's tasks.
    pub(crate) fn tasks(&self) -> String {
        format!("/api/{}/tasks", self.id)
    }

    /// The path of one of them.
    pub(crate) fn task(&self, task: &Value) -> String {
        format!("/api/{}/tasks/{}", self.id, task["id"].as_str().unwrap())
    }

    /// Creates a task.
    pub(crate) async fn create(&self, body: Value) -> Value {
        self.client.post(&self.tasks(), &body).await.expect(201).json()
    }
}

/// A new key for `Idempotency-Key`.
pub(crate) fn key() -> String {
    Uuid::new_v4().to_string()
}

fn with_default(variables: Variables, name: &str, value: &str) -> Variables {
    if platform::config::Reader::new(&variables).optional(name).is_some() {
        variables
    } else {
        variables.with(name, value)
    }
}

/// A port at which connections are refused, also later: it is taken, so that nobody else gets it, and nobody listens there.
fn closed_port() -> u16 {
    static TAKEN: LazyLock<TcpSocket> = LazyLock::new(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket
    });
    TAKEN.local_addr().unwrap().port()
}
