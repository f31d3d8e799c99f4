//! A running sidecar with its apps, for one test.

use std::collections::HashMap;
use std::path::PathBuf;

use platform::clock::Clock;
use platform::database::Pool;
use platform::random::Random;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sidecar::{App, Backoff, Migrator, Resources, SCHEMA, Settings};
use std::time::Duration;
use testkit::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{TestApp, until};

/// A pub/sub component called `pubsub`, which most cases use.
pub(crate) const PUBSUB: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: pubsub }
spec: { type: pubsub.kafka, version: v1, metadata: [{ name: brokers, value: localhost:9092 }] }
";

/// The addresses of one app's sidecar.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) http: String,
    pub(crate) grpc: String,
    client: reqwest::Client,
}

impl Base {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.http))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Publishes JSON to a topic of `pubsub`; the query is metadata.
    pub(crate) async fn publish(&self, topic_and_query: &str, data: &Value) {
        let request = self.post(&format!("/v1.0/publish/pubsub/{topic_and_query}")).json(data);
        assert_eq!(request.send().await.expect("publish").status(), 204);
    }

    /// Waits until the sidecar says that it is ready.
    pub(crate) async fn ready(&self) {
        let ready = || async { self.get("/v1.0/healthz").send().await.is_ok_and(|answer| answer.status() == 204) };
        assert!(until(ready).await, "the sidecar did not become ready");
    }
}

/// How a rig differs from the usual one.
pub(crate) struct Plan {
    pub(crate) components: String,
    pub(crate) clock: Clock,
    pub(crate) change: fn(&mut Settings),
}

impl Default for Plan {
    fn default() -> Self {
        Self { components: PUBSUB.to_owned(), clock: Clock::system(), change: |_| {} }
    }
}

impl Plan {
    /// With a policy for what comes in through `pubsub`: a retry policy, and a timeout where there is one.
    pub(crate) fn with_policy(retry: &str, timeout: Option<&str>) -> Self {
        let (timeouts, named) = match timeout {
            Some(timeout) => (format!("{{ patience: {timeout} }}"), ", timeout: patience"),
            None => ("{}".to_owned(), ""),
        };
        let components = format!(
            "{PUBSUB}---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {{ name: resiliency }}
spec:
  policies: {{ retries: {{ again: {retry} }}, timeouts: {timeouts} }}
  targets: {{ components: {{ pubsub: {{ inbound: {{ retry: again{named} }} }} }} }}
"
        );
        Self { components, ..Self::default() }
    }
}

/// A sidecar that runs until it is stopped or dropped.
pub(crate) struct Rig {
    pub(crate) db: Pool,
    pub(crate) shutdown: CancellationToken,
    /// Cancelled when the apps are about to stop.
    pub(crate) apps_stop: CancellationToken,
    bases: HashMap<String, Base>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Rig {
    /// One app, `shop`, with a sidecar that is ready.
    pub(crate) async fn with(app: &TestApp) -> (Self, Base, Database) {
        Self::planned(app, Plan::default()).await
    }

    /// The same with a sidecar that is not the usual one.
    pub(crate) async fn planned(app: &TestApp, plan: Plan) -> (Self, Base, Database) {
        let database = database().await;
        let rig = Self::start(&database, &[("shop", app.port)], plan).await;
        let base = rig.base("shop");
        base.ready().await;
        (rig, base, database)
    }

    pub(crate) async fn start(database: &Database, apps: &[(&str, u16)], plan: Plan) -> Self {
        let db = database.connect().await;
        let mut listeners = Vec::new();
        let mut bases = HashMap::new();
        for (app_id, app_port) in apps {
            let http = TcpListener::bind("127.0.0.1:0").await.expect("bind a free port");
            let grpc = TcpListener::bind("127.0.0.1:0").await.expect("bind a free port");
            let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("the port"));
            let client = reqwest_client();
            bases.insert((*app_id).to_owned(), Base { http: url(&http), grpc: url(&grpc), client });
            listeners.push(App { app_id: (*app_id).to_owned(), app_port: *app_port, http, grpc });
        }
        let mut settings =
            Settings::new(listeners, load(&plan.components).expect("the components are valid"), plan.clock);
        settings.backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(50) };
        (plan.change)(&mut settings);
        let (shutdown, apps_stop) = (CancellationToken::new(), settings.apps_stop.clone());
        let running = tokio::spawn(sidecar::run(db.clone(), settings, shutdown.clone()));
        Self { db, shutdown, apps_stop, bases, running }
    }

    pub(crate) fn base(&self, app_id: &str) -> Base {
        self.bases[app_id].clone()
    }

    /// Waits until it has ended, by a shutdown of whatever kind.
    pub(crate) async fn ended(&mut self) {
        let ended = tokio::time::timeout(crate::app::DEADLINE, &mut self.running).await;
        ended.expect("the sidecar ends in time").expect("it does not panic").expect("it ends well");
    }

    /// Waits until it has ended by an error.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        let ended = tokio::time::timeout(crate::app::DEADLINE, &mut self.running).await;
        ended.expect("the sidecar ends in time").expect("it does not panic").expect_err("it ends by an error")
    }

    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        self.ended().await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn database() -> Database {
    Database::create::<Migrator>(SCHEMA).await
}

fn reqwest_client() -> reqwest::Client {
    platform::http::client(Duration::from_secs(30)).expect("a client")
}

/// Loads components from a folder that has `documents` in a file.
pub(crate) fn load(documents: &str) -> Result<Resources, sidecar::ResourceError> {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Random::system().uuid().to_string()).join("components");
    std::fs::create_dir_all(&folder).expect("make the folder");
    std::fs::write(folder.join("all.yaml"), documents).expect("write the file");
    let loaded = Resources::load(&folder);
    std::fs::remove_dir_all(folder.parent().expect("a parent")).expect("remove the folder");
    loaded
}

/// The list of an app that subscribes to `topics` of `pubsub`, each at `/events/<topic>`.
pub(crate) fn subscribe_to(topics: &[&str]) -> Value {
    topics
        .iter()
        .map(|topic| json!({"pubsubname": "pubsub", "topic": topic, "route": format!("/events/{topic}")}))
        .collect()
}
