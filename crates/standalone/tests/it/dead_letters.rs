//! `tidings dead-letters`: an event goes wrong, is seen, mended, and arrives.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::eventually;
use testkit::http::Client;

use crate::launched::{DEADLINE, Launched};
use crate::place::{Place, refusal};

/// The program after `tidings dead-letters`.
fn command(place: &Place, arguments: &[&str]) -> Command {
    place.tidings(&[&["dead-letters"], arguments].concat())
}

/// What it prints, on success.
async fn run(place: &Place, arguments: &[&str]) -> String {
    let mut command = command(place, arguments);
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The letters that are told, once there are `count` of them.
async fn letters(place: &Place, arguments: &[&str], count: usize) -> Vec<Value> {
    let arguments = [&["list", "--json"], arguments].concat();
    eventually(DEADLINE, || async {
        let page: Value = serde_json::from_str(&run(place, &arguments).await).unwrap();
        let items = page["items"].as_array().unwrap().clone();
        (items.len() == count).then_some(items)
    })
    .await
}

/// An event of a task in Alice's workspace that says no user.
fn malformed(task: &Value) -> Value {
    json!({
        "event_id": "01950000-0000-7000-8000-000000000001", "event_type": "task.updated", "organization_id": task["workspace_id"],
        "sequence": 7, "timestamp": "2026-01-31T09:00:00Z", "task_data": task,
        "metadata": { "source": "rest_api", "version": "1.0" },
    })
}

#[tokio::test]
async fn a_malformed_event_is_listed_mended_and_replayed_into_the_history() {
    let system = Launched::start().await;
    let (place, alice) = (system.place.clone(), system.client("alice"));
    assert_eq!(run(&place, &["list"]).await, "There are no such dead letters.\n");
    let task = alice.post("/api/tasks", &json!({ "title": "Whole" })).await.expect(201).json();
    let sidecar = Client::new(format!("http://127.0.0.1:{}", place.port(3500)));
    sidecar.post("/v1.0/publish/pubsub/task-events", &malformed(&task)).await.expect(204);

    // Two services take that topic; it is one letter.
    let letter = &letters(&place, &["--topic", "task-events", "--status", "dead"], 1).await[0];
    let id = letter["id"].as_str().unwrap();
    let table = run(&place, &["list"]).await;
    let line = table.lines().nth(1).unwrap();
    for cell in [id, "task-events", "dead", "task.updated", "/data/user_id is missing"] {
        assert!(line.contains(cell), "{cell} in {table}");
    }
    let invoked = sidecar.get("/v1.0/invoke/audit-service/method/internal/dead-letters").await.expect(200).json();
    assert_eq!(invoked["items"][0]["id"], id, "as the dapr CLI asks");
    let shown: Value = serde_json::from_str(&run(&place, &["show", id]).await).unwrap();
    assert_eq!(shown["broken"], json!({ "pointer": "/data/user_id", "reason": "is missing" }));

    let refused = refusal(command(&place, &["replay", id])).await;
    assert!(refused.contains("/data/user_id is missing. Send a mended one"), "{refused}");

    let mut event: Value = serde_json::from_str(&run(&place, &["show", id, "--event"]).await).unwrap();
    assert_eq!(event["data"]["task_data"], task);
    event["data"]["user_id"] = json!("alice");
    let file = system.directory().join("event.json");
    fs::write(&file, event.to_string()).unwrap();
    let replayed = run(&place, &["replay", id, "--event", file.to_str().unwrap()]).await;
    assert_eq!(replayed, "Replayed as event 01950000-0000-7000-8000-000000000001.\n");
    let path = format!("/api/alice/audit-logs?event_type=task.updated&task_id={}", task["id"].as_str().unwrap());
    let entry =
        eventually(DEADLINE, || async { alice.get(&path).await.expect(200).json()["items"].get(0).cloned() }).await;
    assert_eq!(
        (&entry["event_id"], &entry["details"]["task_data"]["title"]),
        (&event["data"]["event_id"], &json!("Whole"))
    );

    assert_eq!(letters(&place, &["--status", "replayed"], 1).await[0]["id"], id);
    let again = run(&place, &["replay", id, "--event", file.to_str().unwrap()]).await;
    assert!(again.ends_with("; the history had it already.\n"), "{again}");
    let health = Client::new(format!("http://127.0.0.1:{}", place.port(8002))).get("/health").await.expect(200).json();
    assert_eq!(health["dead_letters"], json!({ "dead": 0, "of_newest": 1 }));
    system.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_told_in_a_line() {
    let system = Launched::start().await;
    let place = system.place.clone();
    let sidecar = Client::new(format!("http://127.0.0.1:{}", place.port(3500)));
    sidecar.post("/v1.0/publish/pubsub/task-events.dead", &json!("nonsense")).await.expect(204);
    let id = letters(&place, &[], 1).await[0]["id"].as_str().unwrap().to_owned();
    let nobody = "01950000-0000-7000-8000-000000000001";
    let broken = system.directory().join("broken.json");
    fs::write(&broken, "{").unwrap();
    for (arguments, told) in [
        (&["show", nobody][..], "There is no such dead letter."),
        (&["replay", nobody], "There is no such dead letter."),
        (&["replay", &id], "/data is not an object. Send a mended one"),
        (&["replay", &id, "--event", "none.json"], "none.json cannot be read"),
        (&["replay", &id, "--event", broken.to_str().unwrap()], "broken.json is not JSON"),
        (&["replay", &id, "--event", "-"], "- is not JSON"),
        (&["list", "--topic", "tasks"], "/topic: must be one of task-events"),
    ] {
        let refused = refusal(command(&place, arguments)).await;
        assert!(refused.contains(told), "{arguments:?}: {refused}");
    }
    // Somebody else's data directory, and so another token.
    let mut other = command(&place, &["list"]);
    other.env("TIDINGS_DATA", system.directory().join("other"));
    assert!(refusal(other).await.contains("is not of this data directory"));
    system.stop().await;
    let refused = refusal(command(&place, &["list"])).await;
    assert!(refused.contains("does not answer on port") && refused.contains("./scripts/up"), "{refused}");
}
