//! The outbox and a real sidecar: everything leaves, in order, once, however large, whoever was away.

use std::time::Duration;

use backend_api::{APP_ID, Migrator, SCHEMA};
use platform::config::{Reader, ServiceConfig, Variables};
use platform::dapr::publish::Publisher;
use platform::metrics::Metrics;
use platform::outbox::{Relay, Wake};
use reqwest::Method;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use sidecar::{App, Resources, Settings};
use testkit::http::Client;
use testkit::{Database, Migrated, eventually};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::harness::{APP_TOKEN, Api};

const DEADLINE: Duration = Duration::from_secs(30);

/// A port that is held but refuses connections until somebody listens on it.
struct Held(TcpSocket);

impl Held {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn listen(self) -> TcpListener {
        self.0.listen(128).unwrap()
    }
}

async fn database() -> Database {
    let schemas = [Migrated::by::<Migrator>(SCHEMA), Migrated::by::<sidecar::Migrator>(sidecar::SCHEMA)];
    Database::create_with(&schemas).await
}

/// An embedded sidecar for backend-api; it stops when the guard is dropped.
async fn start_sidecar(url: &str, grpc: TcpListener) -> DropGuard {
    let db = platform::database::connect(url, &testkit::pool_options()).await.unwrap();
    let resources = Resources::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../components")).unwrap();
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = App { app_id: APP_ID.to_owned(), app_port: Held::new().port(), http, grpc };
    let stop = CancellationToken::new();
    tokio::spawn(sidecar::run(db, Settings::new(vec![app], resources, testkit::clock()), stop.clone()));
    stop.drop_guard()
}

/// What is on a topic, in the order of its partitions' offsets: workspace and sequence.
async fn published(api: &Api, topic: &str) -> Vec<(String, i64)> {
    let sql = format!(
        "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' FROM sidecar.messages WHERE topic = '{topic}' \
         ORDER BY partition, message_offset"
    );
    let rows = api.owner().await.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    let read = |data: Value| (data["organization_id"].as_str().unwrap().to_owned(), data["sequence"].as_i64().unwrap());
    rows.iter().map(|row| read(row.try_get_by_index(0).unwrap())).collect()
}

/// Insists that each workspace's events are there in order, none twice.
fn assert_in_order(events: &[(String, i64)]) {
    for pair in events.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1, "{pair:?}");
    }
}

#[tokio::test]
async fn what_waited_while_the_sidecar_was_away_leaves_when_it_returns_also_what_is_large() {
    let (database, grpc) = (database().await, Held::new());
    let sidecar_url = database.url_of("sidecar");
    let variables = Variables::default().with("DAPR_GRPC_PORT", grpc.port().to_string());
    let api = Api::start_on(variables, database).await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Large", "description": "é".repeat(32 * 1024)})).await;
    // One change, 51 events of two whole tasks each: far more than one gRPC request takes.
    let tags: Vec<String> = (0..50).map(|n| format!("tag {n}")).collect();
    alice.client.patch(&alice.task(&task), &json!({"tags": tags})).await.expect(200);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE published_at IS NULL").await, 53);

    let _sidecar = start_sidecar(&sidecar_url, grpc.listen()).await;
    let pending = "SELECT count(*) FROM core.outbox WHERE published_at IS NULL";
    eventually(DEADLINE, || async { (api.number(pending).await == 0).then_some(()) }).await;
    let events = published(&api, "task-events").await;
    let numbers = |events: &[(String, i64)]| events.iter().map(|(_, sequence)| *sequence).collect::<Vec<_>>();
    assert_eq!(numbers(&events), (2..=53).collect::<Vec<_>>());
    assert_eq!(numbers(&published(&api, "task-updates").await), (1..=53).collect::<Vec<_>>());
    assert_eq!(published(&api, "user-activities").await.len(), 3, "user.created, task.created, task.updated");
}

#[tokio::test]
async fn an_outage_shows_in_the_metrics_and_is_told_when_it_is_over() {
    let (database, grpc) = (database().await, Held::new());
    let sidecar_url = database.url_of("sidecar");
    let api = Api::start_on(Variables::default().with("DAPR_GRPC_PORT", grpc.port().to_string()), database).await;
    let alice = api.person("alice");
    alice.create(json!({"title": "Waits"})).await;
    let shown = |line: &'static str| {
        let client = &alice.client;
        move || async move { client.get("/metrics").await.text().lines().any(|shown| shown == line).then_some(()) }
    };
    eventually(DEADLINE, shown("event_publishing_failing{service=\"backend-api\"} 1")).await;
    api.clock.advance(chrono::Duration::seconds(60));
    let _sidecar = start_sidecar(&sidecar_url, grpc.listen()).await;
    eventually(DEADLINE, shown("event_publishing_failing{service=\"backend-api\"} 0")).await;
    let told = "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' ->> 'data' FROM sidecar.messages \
                WHERE topic = 'system-notifications' ORDER BY message_offset";
    let told: Vec<String> = eventually(DEADLINE, || async {
        let rows = api.owner().await.query_all_raw(Statement::from_string(DbBackend::Postgres, told)).await.unwrap();
        let told: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        (told.len() == 2).then_some(told)
    })
    .await;
    for activity in ["event_publishing", "job_scheduling"] {
        assert!(told.iter().any(|outage| outage.contains(activity)), "{told:?}");
    }
}

#[tokio::test]
async fn topics_are_called_on_the_broker_what_the_settings_say() {
    let (database, grpc) = (database().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let variables = Variables::default().with("DAPR_GRPC_PORT", grpc.local_addr().unwrap().port().to_string());
    let _sidecar = start_sidecar(&database.url_of("sidecar"), grpc).await;
    let api = Api::start_on(variables.with("TASK_EVENTS_TOPIC", "acme.tasks"), database).await;
    api.person("alice").create(json!({"title": "Elsewhere"})).await;
    eventually(DEADLINE, || async { (published(&api, "acme.tasks").await.len() == 1).then_some(()) }).await;
    assert_eq!(published(&api, "task-events").await, []);
}

#[tokio::test]
async fn events_are_kept_in_memory_where_that_is_asked_for() {
    let api = Api::start_with(Variables::default().with("EVENT_PUBLISHER_TYPE", "memory")).await;
    api.person("alice").create(json!({"title": "Kept"})).await;
    let anyone = Client::new(&api.base);
    let kept = eventually(DEADLINE, || async {
        let kept =
            anyone.request(Method::GET, "/internal/published-events").header("dapr-api-token", APP_TOKEN).send().await;
        let kept = kept.expect(200).json();
        (kept["items"].as_array().unwrap().len() == 5).then_some(kept)
    })
    .await;
    let of = |topic| -> Vec<&str> {
        let items = kept["items"].as_array().unwrap().iter().filter(|item| item["topic"] == topic);
        items.map(|item| item["event"]["type"].as_str().unwrap()).collect()
    };
    assert_eq!(of("task-events"), ["task.created"]);
    assert_eq!(of("task-updates"), ["user.created", "task.created"]);
    assert_eq!(of("user-activities"), ["user.created", "task.created"]);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE published_at IS NULL").await, 0);
}

#[tokio::test]
async fn two_replicas_publish_everything_once_and_in_order() {
    let (database, grpc) = (database().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (url, sidecar_url) = (database.url(), database.url_of("sidecar"));
    let variables = Variables::default().with("DAPR_GRPC_PORT", grpc.local_addr().unwrap().port().to_string());
    let _sidecar = start_sidecar(&sidecar_url, grpc).await;
    // The service's own relay is the third: it has no sidecar and so publishes nothing.
    let api = Api::start_on(Variables::default(), database).await;
    let config = ServiceConfig::read(&mut Reader::new(&variables), 0, 0, 0);
    let relay = || async {
        let db = platform::database::connect(&url, &testkit::pool_options()).await.unwrap();
        let publisher = Publisher::new(&config).unwrap();
        let (wake, clock, keep_published) = (Wake::default(), testkit::clock(), chrono::Duration::days(30));
        Relay { db, schema: "core", app_id: APP_ID, publisher, wake, clock, keep_published }
    };
    let (one, other) = (relay().await, relay().await);
    let people: Vec<_> = (0..5).map(|n| api.person(&format!("person-{n}"))).collect();
    let writing = futures::future::join_all(people.iter().map(|person| async {
        for n in 0..10 {
            person.create(json!({"title": n.to_string()})).await;
        }
    }));
    let stop = CancellationToken::new();
    let publishing = [one, other].map(|relay| tokio::spawn(relay.run(Metrics::new("test"), stop.clone())));
    writing.await;
    let pending = "SELECT count(*) FROM core.outbox WHERE published_at IS NULL";
    eventually(DEADLINE, || async { (api.number(pending).await == 0).then_some(()) }).await;
    stop.cancel();
    for relay in publishing {
        relay.await.unwrap();
    }
    let events = published(&api, "task-updates").await;
    assert_eq!(events.len(), 55, "10 tasks and a newcomer of each");
    assert_in_order(&events);
}

#[tokio::test]
async fn what_was_published_is_removed_after_a_while_and_what_waits_is_not() {
    let (database, grpc) = (database().await, Held::new());
    let url = database.url();
    let api = Api::start_on(Variables::default(), database).await;
    let alice = api.person("alice");
    alice.create(json!({"title": "Waits"})).await;
    let clock = testkit::clock();
    let config = ServiceConfig::read(&mut Reader::new(&Variables::default()), 0, 0, grpc.port());
    let db = platform::database::connect(&url, &testkit::pool_options()).await.unwrap();
    let publisher = Publisher::new(&config).unwrap();
    let (wake, keep_published) = (Wake::default(), chrono::Duration::days(30));
    let relay = Relay { db, schema: "core", app_id: APP_ID, publisher, wake, clock: clock.clone(), keep_published };
    let first = "UPDATE core.outbox SET published_at = created_at WHERE sequence = 1";
    api.owner().await.execute_unprepared(first).await.unwrap();
    assert_eq!(relay.remove_published().await.unwrap(), 0, "it was published just now");
    clock.advance(chrono::Duration::days(29));
    assert_eq!(relay.remove_published().await.unwrap(), 0, "it is of this month");
    clock.advance(chrono::Duration::days(2));
    assert_eq!(relay.remove_published().await.unwrap(), 1);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox").await, 1);
    // The service's own relay may hold the shards for a moment; then there is nothing to fail at.
    eventually(DEADLINE, || async { relay.publish_batch().await.err() }).await;
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE published_at IS NULL").await, 1);
}

#[tokio::test]
async fn what_remains_of_a_history_is_its_end_without_a_gap() {
    let (database, grpc) = (database().await, Held::new());
    let url = database.url();
    let api = Api::start_on(Variables::default(), database).await;
    api.person("alice").create(json!({"title": "First"})).await;
    let clock = testkit::clock();
    // Published at the same moment, and stored in another order than that of their numbers.
    let published = "DELETE FROM core.outbox; \
        INSERT INTO core.outbox (workspace_id, sequence, event_id, event_type, topics, payload, created_at) \
        SELECT id, n, gen_random_uuid(), 'task.created', '{}', '{}', created_at \
        FROM core.workspaces, generate_series(3, 1502) AS n; \
        UPDATE core.outbox SET published_at = created_at WHERE sequence > 1000; \
        UPDATE core.outbox SET published_at = created_at WHERE sequence <= 1000";
    api.owner().await.execute_unprepared(published).await.unwrap();
    let config = ServiceConfig::read(&mut Reader::new(&Variables::default()), 0, 0, grpc.port());
    let db = platform::database::connect(&url, &testkit::pool_options()).await.unwrap();
    let (publisher, wake) = (Publisher::new(&config).unwrap(), Wake::default());
    let keep_published = chrono::Duration::days(30);
    let relay = Relay { db, schema: "core", app_id: APP_ID, publisher, wake, clock: clock.clone(), keep_published };
    clock.advance(chrono::Duration::days(31));
    assert_eq!(relay.remove_published().await.unwrap(), 1_000);
    assert_eq!(api.number("SELECT min(sequence) FROM core.outbox").await, 1_003);
    assert_eq!(relay.remove_published().await.unwrap(), 500);
}
