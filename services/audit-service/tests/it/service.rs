//! A running audit-service with a database of its own.

use std::net::SocketAddr;
use std::time::Duration;

use audit_service::{Config, Migrator, SCHEMA};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::config::Variables;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};
use testkit::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the sidecar shows the service.
pub(crate) const TOKEN: &str = "the sidecar's token";

/// When everything in these tests is recorded.
pub(crate) const RECORDED_AT: &str = "2026-02-01T12:00:00.000001Z";

pub(crate) struct Service {
    pub(crate) database: Database,
    address: SocketAddr,
    client: Client,
    stop: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let database = Database::create::<Migrator>(SCHEMA).await;
        let url = database.url();
        Self::start_with(database, url).await
    }

    /// With the database reached by `url`.
    pub(crate) async fn start_with(database: Database, url: String) -> Self {
        // Nothing listens at port 1: without a sidecar, as far as sending goes.
        Self::start_beside(database, url, 1).await
    }

    /// With the gRPC API of its sidecar at `dapr_grpc_port`.
    pub(crate) async fn start_beside(database: Database, url: String, dapr_grpc_port: u16) -> Self {
        let variables = Variables::default().with("DATABASE_URL", url).with("APP_API_TOKEN", TOKEN);
        let variables = variables.with("DAPR_GRPC_PORT", dapr_grpc_port.to_string());
        let variables = variables.with("DATABASE_STATEMENTS", testkit::statements());
        // Few connections: many tests make theirs at the same time.
        let config = Config::read(&variables.with("DATABASE_POOL", "4")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let clock = Clock::manual(RECORDED_AT.parse::<DateTime<Utc>>().unwrap());
        let served = tokio::spawn(audit_service::serve(config, clock, listener, stop.clone()));
        let client = platform::http::client(Duration::from_secs(30)).unwrap();
        Self { database, address, client, stop, served }
    }

    /// A request as anybody could make it.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the service answers to a delivery by its sidecar, which wraps what comes from a `<topic>.dead`.
    pub(crate) async fn deliver(&self, topic: &str, body: impl Into<Vec<u8>>) -> String {
        self.deliver_with(topic, &[], body).await
    }

    /// The same, with more headers.
    pub(crate) async fn deliver_with(
        &self,
        topic: &str,
        headers: &[(&str, &[u8])],
        body: impl Into<Vec<u8>>,
    ) -> String {
        let mut body = body.into();
        if topic.strip_suffix(".dead").is_some() {
            body = json!({"specversion": "1.0", "data_base64": STANDARD.encode(&body)}).to_string().into();
        }
        let mut request = self.request("POST", &format!("/events/{topic}")).header("dapr-api-token", TOKEN);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.header("content-type", "application/cloudevents+json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "Dapr reads the outcome from the body of a 200");
        let answer: Value = answer.json().await.unwrap();
        answer["status"].as_str().unwrap().to_owned()
    }

    /// As backend-api asks for the history.
    pub(crate) async fn history(&self, query: &[(&str, &str)]) -> (StatusCode, Value) {
        let url = Url::parse_with_params(&format!("http://{}/internal/audit-logs", self.address), query).unwrap();
        let request = self.client.get(url).header("dapr-api-token", TOKEN);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// As `tidings dead-letters` asks; `path` continues `/internal/dead-letters`.
    pub(crate) async fn dead_letters(&self, path: &str) -> (u16, Value) {
        answer(self.request("GET", &format!("/internal/dead-letters{path}"))).await
    }

    /// Replays a dead letter; `body` is JSON unless it is empty.
    pub(crate) async fn replay(&self, id: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.request("POST", &format!("/internal/dead-letters/{id}/replay"));
        answer(request.header("content-type", "application/json").body(body)).await
    }

    /// The value of a counter at `/metrics`.
    pub(crate) async fn count(&self, name: &str) -> u64 {
        let text = self.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
        let start = format!("{name}_total{{");
        let line = text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// How many entries there are, by looking at the table.
    pub(crate) async fn entries(&self) -> i64 {
        use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
        let statement = Statement::from_string(DbBackend::Postgres, "SELECT count(*) AS n FROM audit.entries");
        let owner = self.database.connect_as_owner().await;
        owner.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// Stops it as a signal would.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.served).await.expect("it stops within 10 s").unwrap()
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.header("dapr-api-token", TOKEN).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
