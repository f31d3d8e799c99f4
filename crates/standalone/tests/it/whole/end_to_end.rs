//! From a request to the history and the socket, through every part of a running system.

use std::num::NonZeroU8;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use standalone::{Options, Ports, Sidecars, System};
use testkit::http::Client;
use testkit::socket::Socket;
use testkit::{Database, eventually};

use super::metrics;
use crate::place::Place;

/// How long anything may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A system of its own for one test.
pub(crate) struct Whole {
    pub(crate) system: System,
    database: Database,
    pub(crate) place: Place,
    replicas: NonZeroU8,
    /// How many clients and sockets there were: they are spread over the replicas.
    clients: AtomicU8,
}

/// Somebody with a token.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) client: Client,
}

/// `TIDINGS_TEST_SIDECARS=daprd` has the same tests run on the distributed system.
fn sidecars() -> Sidecars {
    match std::env::var("TIDINGS_TEST_SIDECARS").as_deref() {
        Ok("daprd") => Sidecars::Daprd,
        _ => Sidecars::Embedded,
    }
}

/// The launcher's arguments for the same.
pub(crate) fn up() -> Vec<&'static str> {
    match sidecars() {
        Sidecars::Daprd => vec!["up", "--distributed"],
        Sidecars::Embedded => vec!["up"],
    }
}

/// `TIDINGS_TEST_REPLICAS=2` has them run on two replicas of each service.
fn replicas() -> NonZeroU8 {
    std::env::var("TIDINGS_TEST_REPLICAS").map_or(NonZeroU8::MIN, |number| number.parse().unwrap())
}

impl Whole {
    pub(crate) async fn start() -> Self {
        Self::start_with(sidecars(), replicas(), &[]).await
    }

    /// The same with more settings.
    pub(crate) async fn start_as_told(settings: &[(&str, &str)]) -> Self {
        Self::start_with(sidecars(), replicas(), settings).await
    }

    /// The same whatever the environment says.
    pub(crate) async fn start_with(sidecars: Sidecars, replicas: NonZeroU8, settings: &[(&str, &str)]) -> Self {
        let database = Database::create_with(&[]).await;
        let place = Place::new();
        // On a busy machine it takes its time to open the first connections.
        let variables = database.variables().with("DATABASE_POOL", "4").with("DATABASE_WAIT_SECONDS", "20");
        let variables = settings.iter().fold(variables, |all, (name, value)| all.with(name, *value));
        let ports = Ports::Free;
        let options = Options { ports, sidecars, replicas, variables, ..Options::new(place.data()) };
        let system = System::start(options).await.unwrap();
        Self { system, database, place, replicas, clients: AtomicU8::new(0) }
    }

    /// The replica that is next in turn.
    fn any(&self) -> u8 {
        self.clients.fetch_add(1, Ordering::Relaxed) % self.replicas + 1
    }

    pub(crate) fn person(&self, id: &str) -> Person {
        self.person_at(id, self.any())
    }

    /// Somebody who asks this replica of backend-api.
    pub(crate) fn person_at(&self, id: &str, replica: u8) -> Person {
        let token = self.system.token(id, TimeDelta::minutes(15)).unwrap();
        let client = Client::new(self.system.replica_url("backend-api", replica).unwrap()).with_token(&token);
        Person { id: id.to_owned(), token, client }
    }

    fn socket_url(&self) -> String {
        self.socket_url_at(self.any())
    }

    /// Where this replica of websocket-service opens sockets.
    pub(crate) fn socket_url_at(&self, replica: u8) -> String {
        self.system.replica_url("websocket-service", replica).unwrap().replacen("http", "ws", 1) + "/ws"
    }

    /// An open socket that has been told that it is subscribed.
    pub(crate) async fn socket(&self, person: &Person) -> Socket {
        self.socket_with(person, "").await.0
    }

    /// The same with a query; what it was told comes along.
    pub(crate) async fn socket_with(&self, person: &Person, query: &str) -> (Socket, Value) {
        self.socket_at(person, self.any(), query).await
    }

    /// The same at this replica of websocket-service.
    pub(crate) async fn socket_at(&self, person: &Person, replica: u8, query: &str) -> (Socket, Value) {
        let (url, protocol) = (self.socket_url_at(replica) + query, format!("bearer, {}", person.token));
        let mut socket = Socket::open(&url, &[("sec-websocket-protocol", &protocol)]).await.unwrap();
        let subscribed = socket.next_json(DEADLINE).await;
        assert_eq!(subscribed["type"], "subscribed");
        (socket, subscribed)
    }

    /// The database, as whoever may do everything in it.
    pub(crate) async fn owner(&self) -> Pool {
        self.database.connect_as_owner().await
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = self.owner().await.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

impl Person {
    pub(crate) async fn create(&self, title: &str) -> Value {
        self.client.post(&format!("/api/{}/tasks", self.id), &json!({"title": title})).await.expect(201).json()
    }

    /// The event types of a task's history, newest first, once there are `count` of them.
    pub(crate) async fn history(&self, task: &Value, count: usize) -> Vec<String> {
        let path = format!("/api/{}/audit-logs?task_id={}", self.id, task["id"].as_str().unwrap());
        eventually(DEADLINE, || async {
            let entries = self.client.get(&path).await.expect(200).json();
            let entries = entries["items"].as_array().unwrap().clone();
            let types = entries.iter().map(|entry| entry["event_type"].as_str().unwrap().to_owned());
            (entries.len() >= count).then(|| types.collect())
        })
        .await
    }
}

#[tokio::test]
async fn a_change_reaches_the_history_and_the_socket_of_its_owner_alone() {
    let whole = Whole::start().await;
    let (alice, bob) = (whole.person("alice"), whole.person("bob"));
    let (mut hers, mut his) = (whole.socket(&alice).await, whole.socket(&bob).await);

    let task = alice.create("Shared with nobody").await;
    let path = format!("/api/alice/tasks/{}", task["id"].as_str().unwrap());
    alice.client.patch(&path, &json!({"priority": "high"})).await.expect(200);
    alice.client.delete(&path).await.expect(204);

    let told = ["task.created", "task.updated", "task.priority_changed", "task.deleted"];
    for (sequence, expected) in (2..).zip(told) {
        let message = hers.next_json(DEADLINE).await;
        assert_eq!((&message["type"], &message["event"]["event_type"]), (&json!("event"), &json!(expected)));
        assert_eq!(message["event"]["sequence"], message["sequence"]);
        assert_eq!(message["sequence"], sequence, "in order, without a gap");
    }
    let history = alice.history(&task, 4).await;
    assert_eq!(history, ["task.deleted", "task.priority_changed", "task.updated", "task.created"]);

    // Bob's first event is his own: nothing of Alice's came before it.
    let own = bob.create("Bob's").await;
    assert_eq!(his.next_json(DEADLINE).await["event"]["task_data"]["id"], own["id"]);
    let seen = bob.client.get(&format!("/api/bob/audit-logs?task_id={}", task["id"].as_str().unwrap())).await;
    assert_eq!(seen.expect(200).json()["items"], json!([]));
    whole.system.stop().await.unwrap();
}

/// These share a system: one start is most of what each of them takes.
#[tokio::test]
async fn what_a_running_system_does_for_one_does_not_touch_another() {
    let whole = Whole::start().await;
    tokio::join!(
        history_is_paged_by_sealed_cursors(&whole),
        asking_for_what_never_was_keeps_nobody_from_the_history(&whole),
        a_ticket_opens_one_socket(&whole),
        a_sidecar_invokes_any_service_as_the_dapr_cli_does(&whole),
        what_is_meant_for_sidecars_is_not_there_for_others(&whole),
        metrics::all_that_dashboards_and_alerts_ask_for_is_there(&whole),
    );
    whole.system.stop().await.unwrap();
}

async fn history_is_paged_by_sealed_cursors(whole: &Whole) {
    let carol = whole.person("carol");
    let task = carol.create("0").await;
    let path = format!("/api/carol/tasks/{}", task["id"].as_str().unwrap());
    for n in 1..5 {
        carol.client.patch(&path, &json!({"title": n.to_string()})).await.expect(200);
    }
    carol.history(&task, 5).await;
    let (mut titles, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page =
            carol.client.get(&format!("/api/carol/audit-logs?event_type=task.updated&{query}")).await.expect(200);
        let page = page.json();
        for entry in page["items"].as_array().unwrap() {
            titles.push(entry["details"]["task_data"]["title"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        carol.client.get(&format!("/api/carol/audit-logs?cursor={cursor}")).await.expect_problem(400, "cursor_invalid");
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(titles, ["4", "3", "2", "1"]);
}

async fn asking_for_what_never_was_keeps_nobody_from_the_history(whole: &Whole) {
    let dave = whole.person("dave");
    let task = dave.create("Still to be seen").await;
    for n in 0..8 {
        let path = format!("/api/dave/tasks/{}/restore", uuid::Uuid::from_u128(n));
        dave.client.post(&path, &json!({})).await.expect_problem(404, "not_found");
    }
    assert_eq!(dave.history(&task, 1).await, ["task.created"]);
}

async fn a_ticket_opens_one_socket(whole: &Whole) {
    let erin = whole.person("erin");
    let ticket = erin.client.post("/api/erin/ws-ticket", &json!({})).await.expect(201).json();
    let url = format!("{}?ticket={}", whole.socket_url(), ticket["ticket"].as_str().unwrap());
    let mut socket = Socket::open(&url, &[]).await.unwrap();
    assert_eq!(socket.next_json(DEADLINE).await["type"], "subscribed");
    let task = erin.create("By ticket").await;
    assert_eq!(socket.next_json(DEADLINE).await["event"]["task_data"]["id"], task["id"]);
    assert_eq!(Socket::open(&url, &[]).await.err().unwrap().as_u16(), 401, "a ticket is good once");
}

#[tokio::test]
async fn a_malformed_event_goes_to_the_dead_letters_and_holds_nobody_up() {
    let whole = Whole::start().await;
    let alice = whole.person("alice");
    let sidecar = Client::new(whole.system.sidecar_url("backend-api").unwrap());
    for body in [json!({"event_type": "task.created"}), json!("nonsense"), json!({"event_id": "x\u{0}"})] {
        sidecar.post("/v1.0/publish/pubsub/task-events", &body).await.expect(204);
    }
    let task = alice.create("Still on time").await;
    assert_eq!(alice.history(&task, 1).await, ["task.created"]);
    let dead = "SELECT count(*) FROM audit.dead_letters WHERE topic = 'task-events'";
    eventually(DEADLINE, || async { (whole.number(dead).await == 3).then_some(()) }).await;
    assert_eq!(
        whole.number("SELECT count(*) FROM audit.entries WHERE task_id IS NULL AND event_type <> 'user.created'").await,
        0
    );
    whole.system.stop().await.unwrap();
}

async fn a_sidecar_invokes_any_service_as_the_dapr_cli_does(whole: &Whole) {
    let sidecar = Client::new(whole.system.sidecar_url("audit-service").unwrap());
    for app in ["backend-api", "audit-service", "notification-service", "recurring-task-service", "websocket-service"] {
        let health = sidecar.get(&format!("/v1.0/invoke/{app}/method/health")).await.expect(200).json();
        assert_eq!((&health["service"], &health["status"]), (&json!(app), &json!("ok")));
    }
}

async fn what_is_meant_for_sidecars_is_not_there_for_others(whole: &Whole) {
    for (app, path) in [
        ("backend-api", "/internal/memberships"),
        ("audit-service", "/events/task-events"),
        ("notification-service", "/events/task-events"),
        ("recurring-task-service", "/events/task-events"),
        ("websocket-service", "/events/task-updates"),
        ("websocket-service", "/events/reminders"),
    ] {
        let anyone = Client::new(whole.system.base_url(app).unwrap());
        anyone.post(path, &json!({})).await.expect_problem(404, "not_found");
    }
    let anyone = Client::new(whole.system.base_url("audit-service").unwrap());
    anyone.get("/internal/audit-logs").await.expect_problem(404, "not_found");
    anyone.get("/dapr/subscribe").await.expect_problem(404, "not_found");
}
