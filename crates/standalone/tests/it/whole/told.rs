//! What notification-service tells, from its sidecar to the history and to the sockets.

use std::time::Duration;

use platform::clock::Clock;
use serde_json::{Value, json};
use testkit::http::Client;
use testkit::socket::Socket;
use uuid::Uuid;

use super::end_to_end::{DEADLINE, Whole};

fn new_id() -> Uuid {
    Clock::system().new_id()
}

/// An event about a task of alice, as notification-service publishes it.
fn told(event_type: &str, user: &str, task: &Value, data: &Value) -> Value {
    json!({
        "event_id": new_id(), "event_type": event_type, "user_id": user, "organization_id": task["workspace_id"],
        "sequence": 0, "timestamp": Clock::system().now(), "data": data,
        "metadata": {"source": "system", "version": "1.0"},
    })
}

fn notification(user: &str, task: &Value) -> Value {
    let data = json!({
        "id": new_id(), "kind": "reminder", "title": "Reminder: Buy milk", "body": "It is due.",
        "task_id": task["id"], "task_title": task["title"], "created_at": Clock::system().now(),
    });
    told("notification.created", user, task, &data)
}

fn sent(task: &Value) -> Value {
    let data = json!({
        "reminder_id": new_id(), "task_id": task["id"], "task_title": task["title"], "version": 1,
        "status": "sent", "before": "PT1H", "results": [{"user_id": "alice", "channel": "in_app", "status": "sent"}],
    });
    told("reminder.sent", "alice", task, &data)
}

/// Publishes such events until the socket is told of one: what a real broker got before websocket-service had joined it is not told.
/// Returns that one.
async fn publish_until_told(sidecar: &Client, socket: &mut Socket, event: impl Fn() -> Value) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let published = event();
        sidecar.post("/v1.0/publish/pubsub/reminders", &published).await.expect(204);
        let message = tokio::time::timeout(Duration::from_secs(2), socket.next_json(DEADLINE)).await;
        match message {
            Ok(message) => {
                assert_eq!((&message["type"], &message["sequence"]), (&json!("event"), &json!(0)), "{message}");
                assert_eq!(message["event"]["event_type"], published["event_type"]);
                return message["event"].clone();
            }
            Err(_) => assert!(tokio::time::Instant::now() < deadline, "no socket was told"),
        }
    }
}

#[tokio::test]
async fn what_becomes_of_a_reminder_reaches_the_history_and_the_sockets() {
    let whole = Whole::start().await;
    let (alice, bob) = (whole.person("alice"), whole.person("bob"));
    let task = alice.create("Buy milk").await;
    alice.history(&task, 1).await;
    let (mut hers, mut his) = (whole.socket(&alice).await, whole.socket(&bob).await);
    let sidecar = Client::new(whole.system.sidecar_url("notification-service").unwrap());

    let reminder = publish_until_told(&sidecar, &mut hers, || sent(&task)).await;
    let for_bob = publish_until_told(&sidecar, &mut his, || notification("bob", &task)).await;
    let recorded = alice.history(&task, 3).await;
    assert_eq!(recorded.last().unwrap(), "task.created");
    let path = format!("/api/alice/audit-logs?task_id={}&event_type=reminder.sent", task["id"].as_str().unwrap());
    let entries = alice.client.get(&path).await.expect(200).json();
    assert!(entries["items"].as_array().unwrap().iter().any(|entry| entry["details"] == reminder), "{entries}");

    // A notification of somebody else's passes by, and what has a number goes on as before.
    let own = alice.create("Her next").await;
    let next = loop {
        let message = hers.next_json(DEADLINE).await;
        assert_ne!(message["event"]["event_id"], for_bob["event_id"]);
        if message["sequence"] != 0 {
            break message;
        }
    };
    assert_eq!(next["event"]["task_data"]["id"], own["id"]);
    whole.system.stop().await.unwrap();
}
