//! Who moves to another time zone takes their series along: the clock on the wall stays.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::backend::Behaviour::{Away, Well};
use crate::fact::{WORKSPACE, changed, completed, created, reopened};
use crate::service::Service;

/// Alice moved.
fn moved(n: u128, from: &str, to: &str) -> Value {
    let mut event = created(n, json!({}));
    event.as_object_mut().unwrap().remove("task_data");
    event["event_type"] = json!("user.updated");
    event["data"] = json!({
        "id": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "", "timezone": to,
        "previous_timezone": from, "workspace_id": WORKSPACE,
    });
    event
}

#[tokio::test]
async fn future_instances_keep_the_wall_clock_where_their_owner_lives() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    let elsewhere = json!({"id": Uuid::from_u128(2), "timezone": "Asia/Tokyo", "due_date": "2026-01-31T00:00:00Z"});
    let of_bob = json!({"id": Uuid::from_u128(3), "user_id": "bob"});
    let all = [first, created(2, elsewhere), created(3, of_bob)];
    for event in &all {
        service.learn(event).await;
    }
    let move_away = moved(4, "Europe/Berlin", "America/New_York");
    assert_eq!(service.deliver("user-activities", &move_away).await, "SUCCESS");
    for (event, n) in all.iter().zip(5..) {
        service.learn(&completed(n, event, "2026-01-31T09:00:00Z")).await;
    }
    let mut made = service.makes(3).await;
    made.sort_by_key(|task| (task["user_id"].to_string(), task["timezone"].to_string()));
    let told: Vec<_> =
        made.iter().map(|task| (task["timezone"].as_str().unwrap(), task["due_date"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("America/New_York", "2026-02-01T14:00:00Z"),
            ("Asia/Tokyo", "2026-02-01T00:00:00Z"),
            ("Europe/Berlin", "2026-02-01T08:00:00Z"),
        ]
    );
}

#[tokio::test]
async fn news_of_a_move_that_comes_again_moves_nothing() {
    let service = Service::start().await;
    service.learn(&created(1, json!({}))).await;
    let there = moved(2, "Europe/Berlin", "America/New_York");
    for event in [&there, &moved(3, "America/New_York", "Europe/Berlin"), &there] {
        assert_eq!(service.deliver("user-activities", event).await, "SUCCESS");
    }
    let series = service.series().await;
    assert_eq!((&series["timezone"], &series["next_due"]), (&json!("Europe/Berlin"), &json!("2026-02-01T08:00:00Z")));
}

#[tokio::test]
async fn one_that_is_yet_to_be_made_moves_too() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    service.backend.behaves(Away);
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    service.asks(1).await;
    service.deliver("user-activities", &moved(3, "Europe/Berlin", "America/New_York")).await;
    service.backend_answers(Well).await;
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-01T14:00:00Z");
    service.rests().await;
    assert_eq!(service.series().await["due_date"], "2026-02-01T14:00:00Z");
}

#[tokio::test]
async fn one_that_is_reopened_while_the_next_is_there_still_moves_too() {
    let (service, _, done) = Service::done_once().await;
    service.backend.behaves(Away);
    let undone = reopened(3, &done);
    service.learn(&undone).await;
    service.deliver("user-activities", &moved(4, "Europe/Berlin", "America/New_York")).await;
    service.backend_answers(Well).await;
    service.rests().await;
    service.learn(&completed(5, &undone, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.makes(2).await[1]["due_date"], "2026-02-01T14:00:00Z");
}

#[tokio::test]
async fn a_task_that_is_moved_moves_those_to_come() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let other = changed(2, &first, "task.updated", json!({"timezone": "America/New_York"}));
    service.learn(&other).await;
    service.learn(&completed(3, &other, "2026-01-31T09:00:00Z")).await;
    let next = service.makes(1).await.remove(0);
    assert_eq!((&next["timezone"], &next["due_date"]), (&json!("America/New_York"), &json!("2026-02-01T14:00:00Z")));
}
