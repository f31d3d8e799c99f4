//! `tidings up` from the start to the end, and again.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::eventually;
use testkit::http::Client;

use crate::launched::{DEADLINE, Launched, send};
use crate::place::{Place, is_running, refusal};

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(10);

/// The value of a line of the summary.
fn told<'a>(summary: &'a str, title: &str) -> &'a str {
    let line = summary.lines().find_map(|line| line.trim().strip_prefix(title));
    line.unwrap_or_else(|| panic!("{title} is missing in {summary}")).trim()
}

async fn titles(client: &Client) -> Vec<String> {
    let list = client.get("/api/alice/tasks").await.expect(200).json();
    list["items"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn data_and_secrets_survive_a_restart() {
    let system = Launched::start().await;
    let (demo, place) = (told(&system.summary, "Demo user").to_owned(), system.place.clone());
    let alice = system.client("alice");
    alice.post("/api/tasks", &json!({"title": "Kept"})).await.expect(201);
    system.stop().await;

    let again = Launched::start_at(place).await;
    assert_eq!(told(&again.summary, "Demo user"), demo);
    assert_eq!(titles(&alice).await, ["Kept"], "the token of before is accepted and the task is there");
    let (email, password) = demo.split_once(", password ").unwrap();
    let signed_in =
        Client::new(again.api()).post("/api/auth/token", &json!({"email": email, "password": password})).await;
    assert!(signed_in.expect(200).json()["access_token"].is_string());
    again.stop().await;
}

#[tokio::test]
async fn what_is_told_at_the_start_is_so() {
    let system = Launched::start().await;
    the_addresses_that_are_told_answer(&system).await;
    the_lines_that_are_told_create_a_task_when_pasted(&system).await;
    system.stop().await;
}

async fn the_addresses_that_are_told_answer(system: &Launched) {
    for app in ["backend-api", "audit-service", "notification-service", "recurring-task-service", "websocket-service"] {
        let answer = Client::new(told(&system.summary, app)).get("").await.expect(200).json();
        assert_eq!((&answer["service"], &answer["status"]), (&json!(app), &json!("ok")));
    }
    Client::new(told(&system.summary, "API documentation")).get("/").await.expect(200);
    // Without an upgrade, or a token, there is no socket; but it is there.
    let socket = told(&system.summary, "WebSocket").replacen("ws", "http", 1);
    assert_ne!(Client::new(socket).get("").await.status, 404);
}

async fn the_lines_that_are_told_create_a_task_when_pasted(system: &Launched) {
    let lines: Vec<&str> = system.summary.lines().map(str::trim).collect();
    let first = lines.iter().position(|line| line.starts_with("TOKEN=")).unwrap();
    // A shell of its own, which has none of this test's settings.
    let pasted = lines[first..=first + 1].join("\n");
    let shell = move || Command::new("sh").args(["-ec", &pasted]).current_dir("/").output().unwrap();
    let output = tokio::task::spawn_blocking(shell).await.unwrap();
    let task: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(task["title"], "My first task", "{task}");
}

#[tokio::test]
async fn a_signal_stops_everything_in_time_and_leaves_nothing() {
    for signal in ["TERM", "INT"] {
        let system = Launched::start().await;
        let (place, postgres) = (system.place.clone(), system.place.postgres().unwrap());
        assert!(is_running(postgres) && !place.is_silent());
        let begun = Instant::now();
        let (status, said) = system.end_by(signal).await;
        assert!(begun.elapsed() < STOP, "it took {:?}", begun.elapsed());
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
        assert!(!is_running(postgres) && place.postgres().is_none(), "Postgres is left");
        assert!(place.is_silent(), "something listens on a port of the system");
    }
}

#[tokio::test]
async fn a_signal_during_the_start_leaves_nothing() {
    let place = Place::new();
    let mut starting = place.tidings(&["up"]).spawn().unwrap();
    let staging = place.data().join("postgres.new");
    eventually(DEADLINE, || async { (staging.exists() || place.postgres().is_some()).then_some(()) }).await;
    assert!(Command::new("kill").args(["-s", "TERM", &starting.id().to_string()]).status().unwrap().success());
    let status = tokio::task::spawn_blocking(move || starting.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    eventually(DEADLINE, || async { (place.postgres().is_none() && place.is_silent()).then_some(()) }).await;
    Launched::start_at(place).await.stop().await;
}

#[tokio::test]
async fn a_system_that_is_killed_takes_postgres_along_and_the_next_one_works() {
    let system = Launched::start().await;
    let (place, postgres) = (system.place.clone(), system.place.postgres().unwrap());
    let alice = system.client("alice");
    alice.post("/api/tasks", &json!({"title": "Committed"})).await.expect(201);
    let (status, _) = system.end_by("KILL").await;
    assert_eq!(status.code(), None);
    // At once: the old server may still be ending.
    let next = Launched::start_at(place).await;
    assert!(!is_running(postgres));
    assert_eq!(titles(&alice).await, ["Committed"]);
    next.stop().await;
}

#[tokio::test]
async fn a_system_whose_postgres_dies_ends_and_says_so() {
    let system = Launched::start().await;
    let (place, postgres) = (system.place.clone(), system.place.postgres().unwrap());
    send("KILL", postgres);
    let (status, said) = system.ended().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.lines().last().unwrap().starts_with("tidings: the private PostgreSQL has ended"), "{said}");
    assert!(place.is_silent());
}

#[tokio::test]
async fn one_system_at_a_time_runs_on_a_data_directory() {
    let system = Launched::start().await;
    let told = refusal(system.place.tidings(&["up"])).await;
    let expected = ["already running", &format!("process {}", system.pid()), "--data-dir"];
    assert!(expected.iter().all(|part| told.contains(part)), "{told}");
    Client::new(system.api()).get("/health").await.expect(200);
    system.stop().await;
}
