//! A running audit-service beside a real sidecar, so that what is published comes back as a delivery.

use std::time::Duration;

use audit_service::{Migrator, SCHEMA};
use platform::clock::Clock;
use platform::config::Secret;
use serde_json::{Value, json};
use testkit::http::Client;
use testkit::{Database, Migrated, eventually};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::service::{Service, TOKEN};

/// How long anything may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Beside {
    pub(crate) service: Service,
    /// The sidecar's HTTP API, as curl would use it.
    pub(crate) sidecar: Client,
    _stop: DropGuard,
}

impl Beside {
    pub(crate) async fn start() -> Self {
        let schemas = [Migrated::by::<Migrator>(SCHEMA), Migrated::by::<sidecar::Migrator>(sidecar::SCHEMA)];
        let database = Database::create_with(&schemas).await;
        let (url, log) = (database.url(), database.url_of(sidecar::SCHEMA.name));
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(format!("http://{}", http.local_addr().unwrap()));
        let service = Service::start_beside(database, url, grpc.local_addr().unwrap().port()).await;
        let app = sidecar::App { app_id: audit_service::APP_ID.to_owned(), app_port: service.port(), http, grpc };
        let resources = sidecar::Resources::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../components")).unwrap();
        let mut settings = sidecar::Settings::new(vec![app], resources, Clock::system());
        settings.app_api_token = Some(Secret::new(TOKEN));
        let db = platform::database::connect(&log, &testkit::pool_options()).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(sidecar::run(db, settings, stop.clone()));
        Self { service, sidecar: client, _stop: stop.drop_guard() }
    }

    /// Publishes as `curl` does.
    pub(crate) async fn publish(&self, topic: &str, event: &Value) {
        self.sidecar.post(&format!("/v1.0/publish/pubsub/{topic}"), event).await.expect(204);
    }

    /// The letters of a status, newest first, once there are `count` of them.
    pub(crate) async fn letters(&self, status: &str, count: usize) -> Vec<Value> {
        eventually(DEADLINE, || async {
            let (_, page) = self.service.dead_letters(&format!("?status={status}")).await;
            let items = page["items"].as_array().unwrap().clone();
            (items.len() == count).then_some(items)
        })
        .await
    }

    /// The entry of an event, once it is in the history.
    pub(crate) async fn entry(&self, event: &Value) -> Value {
        let workspace = event["organization_id"].as_str().unwrap();
        eventually(DEADLINE, || async {
            let (_, page) = self.service.history(&[("workspace_ids", workspace)]).await;
            let items = page["items"].as_array().unwrap();
            items.iter().find(|item| item["event_id"] == event["event_id"]).cloned()
        })
        .await
    }

    /// Replays a letter, with a mended message if there is one.
    pub(crate) async fn replay(&self, letter: &Value, mended: Option<&Value>) -> (u16, Value) {
        let body = mended.map(|event| json!({ "event": event }).to_string()).unwrap_or_default();
        self.service.replay(letter["id"].as_str().unwrap(), body).await
    }
}
