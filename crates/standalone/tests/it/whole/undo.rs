//! A task is created, deleted, purged a month later, and restored from the history.

use std::time::Duration;

use chrono::TimeDelta;
use platform::clock::Clock;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use standalone::{Options, Ports, System};
use testkit::http::Client;
use testkit::socket::Socket;
use testkit::{Database, eventually};

use crate::place::Place;

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the sidecar shows the services.
const APP_TOKEN: &str = "the sidecar's token";

/// A system whose clock a test moves, and Alice in it.
struct Month {
    system: System,
    clock: Clock,
    alice: String,
    database: Database,
    _place: Place,
}

fn credentials() -> Value {
    json!({"email": "alice@example.org", "password": "correct horse battery staple"})
}

impl Month {
    async fn start() -> Self {
        let database = Database::create_with(&[]).await;
        let place = Place::new();
        // Tokens are dated by the system's clock, so it starts today.
        let clock = Clock::manual(Clock::system().now());
        let variables = database.variables().with("DATABASE_POOL", "4").with("APP_API_TOKEN", APP_TOKEN);
        let clock_of_the_system = clock.clone();
        let options =
            Options { ports: Ports::Free, variables, clock: clock_of_the_system, ..Options::new(place.data()) };
        let system = System::start(options).await.unwrap();
        let mut newcomer = credentials();
        newcomer["first_name"] = json!("Alice");
        newcomer["last_name"] = json!("Liddell");
        let anyone = Client::new(system.base_url("backend-api").unwrap());
        let registered = anyone.post("/api/auth/register", &newcomer).await.expect(201).json();
        let alice = registered["user"]["id"].as_str().unwrap().to_owned();
        Self { system, clock, alice, database, _place: place }
    }

    fn backend(&self) -> Client {
        Client::new(self.system.base_url("backend-api").unwrap())
    }

    /// A token that is good now.
    async fn token(&self) -> String {
        let answer = self.backend().post("/api/auth/token", &credentials()).await.expect(200).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The entries of a task's history, newest first, once there are `count` of them.
    async fn history(&self, client: &Client, task: &Value, count: usize) -> Vec<Value> {
        let path = format!("/api/{}/audit-logs?task_id={}", self.alice, task["id"].as_str().unwrap());
        eventually(DEADLINE, || async {
            let page = client.get(&path).await.expect(200).json();
            let entries = page["items"].as_array().unwrap().clone();
            (entries.len() >= count).then_some(entries)
        })
        .await
    }

    /// Calls the job as the sidecar does, whose own call may come first, until the table has no deleted task.
    async fn purge(&self) {
        eventually(DEADLINE, || async {
            let job = self.backend().request("POST".parse().unwrap(), "/job/purge-deleted-tasks");
            job.header("dapr-api-token", APP_TOKEN).json(&json!({})).send().await.expect(200);
            (self.deleted_tasks().await == 0).then_some(())
        })
        .await;
    }

    /// How many rows of deleted tasks there are.
    async fn deleted_tasks(&self) -> i64 {
        let statement =
            Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM core.tasks WHERE deleted_at IS NOT NULL");
        let row = self.database.connect_as_owner().await.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

fn types(history: &[Value]) -> Vec<&str> {
    history.iter().map(|entry| entry["event_type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_purged_task_comes_back_from_the_history_as_it_was() {
    let month = Month::start().await;
    let client = month.backend().with_token(month.token().await);
    let tasks = format!("/api/{}/tasks", month.alice);
    let body = json!({
        "title": "Renew my passport", "description": "Two photos", "tags": ["travel", "town hall"], "priority": "high",
        "due_date": month.clock.now() + TimeDelta::days(20), "timezone": "Europe/Paris", "recurrence": {"text": "every 10 years"},
        "reminders": [{"before": "PT1H", "channels": ["email"]}], "status": "done", "assignee": month.alice,
    });
    let task = client.post(&tasks, &body).await.expect(201).json();
    let path = format!("{tasks}/{}", task["id"].as_str().unwrap());
    client.delete(&path).await.expect(204);
    let history = month.history(&client, &task, 2).await;
    assert_eq!(types(&history), ["task.deleted", "task.created"]);
    // It was done, so there is another one in ten years.
    eventually(DEADLINE, || async {
        let list = client.get(&tasks).await.expect(200).json();
        (list["items"][0]["occurrence"] == 2).then_some(())
    })
    .await;

    month.clock.advance(TimeDelta::days(31));
    month.purge().await;
    let token = month.token().await;
    let client = month.backend().with_token(&token);
    client.get(&path).await.expect_problem(404, "not_found");
    let url = month.system.base_url("websocket-service").unwrap().replacen("http", "ws", 1) + "/ws";
    let protocol = format!("bearer, {token}");
    let mut socket = Socket::open(&url, &[("sec-websocket-protocol", &protocol)]).await.unwrap();
    assert_eq!(socket.next_json(DEADLINE).await["type"], "subscribed");

    let restored = client.post(&format!("{path}/restore"), &json!({})).await.expect(200).json();
    for (member, value) in task.as_object().unwrap() {
        if !["version", "updated_at"].contains(&member.as_str()) {
            assert_eq!(restored[member], *value, "{member}");
        }
    }
    assert_eq!(restored["version"], 3);
    assert_eq!(client.get(&path).await.expect(200).json(), restored);

    let told = socket.next_json(DEADLINE).await["event"].clone();
    assert_eq!((&told["event_type"], &told["metadata"]["source"]), (&json!("task.restored"), &json!("restore")));
    for member in ["id", "title", "tags", "due_date", "created_at", "completed_at", "version"] {
        assert_eq!(told["task_data"][member], restored[member], "{member}");
    }
    let history = month.history(&client, &task, 3).await;
    assert_eq!(types(&history), ["task.restored", "task.deleted", "task.created"]);
    assert_eq!(history[0]["details"], told);
    // There is nothing left to take back.
    assert_eq!(client.post(&format!("{path}/restore"), &json!({})).await.expect(200).json(), restored);
    month.system.stop().await.unwrap();
}

#[tokio::test]
async fn the_sidecar_knows_when_to_purge() {
    let month = Month::start().await;
    let sidecar = Client::new(month.system.sidecar_url("backend-api").unwrap());
    let job = eventually(DEADLINE, || async {
        let answer = sidecar.get("/v1.0/jobs/purge-deleted-tasks").await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(job["schedule"], "0 0 3 * * *");
    month.system.stop().await.unwrap();
}
