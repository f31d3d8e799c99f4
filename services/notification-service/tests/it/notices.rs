//! What people are told of what others did.

use serde_json::{Value, json};

use crate::fact::{changed, created};
use crate::service::{Service, nobody};

#[tokio::test]
async fn who_did_not_do_it_is_told_that_it_is_done() {
    let service = Service::start().await;
    let first = created(1, json!({"assignee": "bob"}));
    service.learn(&first).await;
    let list = service.lists("bob", 1).await;
    assert_eq!(
        (&list[0]["kind"], &list[0]["title"]),
        (&json!("task_assigned"), &json!("Assigned to you: Water the plants"))
    );
    assert_eq!(list[0]["body"], "By Alice.");
    let mut done = changed(2, &first, "task.completed", "09:05", json!({"completed": true}));
    done["user_id"] = json!("bob");
    service.learn(&done).await;
    service.deliver("task-events", &done).await;
    let list = service.lists("alice", 1).await;
    assert_eq!(
        (&list[0]["kind"], &list[0]["title"], list.len()),
        (&json!("task_completed"), &json!("Completed: Water the plants"), 1)
    );
    assert_eq!(service.list("bob").await.len(), 1, "he knows what he did");
    assert_eq!(service.told_types().await, ["notification.created", "notification.created"]);
}

#[tokio::test]
async fn each_next_task_of_a_series_is_no_news_to_whoever_does_it() {
    let service = Service::start().await;
    let mut next = created(1, json!({"id": nobody(), "assignee": "bob"}));
    next["metadata"]["source"] = json!("recurring");
    service.learn(&next).await;
    service.learn(&created(2, json!({"assignee": "bob", "title": "Another one"}))).await;
    let list = service.lists("bob", 1).await;
    assert_eq!((&list[0]["title"], list.len()), (&json!("Assigned to you: Another one"), 1));
    assert_eq!(service.number("SELECT count(*) FROM notification.notices").await, 1);
}

#[tokio::test]
async fn those_who_run_the_system_are_told_of_outages() {
    let service = Service::start_with(&["alice", "root"], &[("OPERATORS", "root")]).await;
    let event = outage(1);
    assert_eq!(service.deliver("system-notifications", &event).await, "SUCCESS");
    let list = service.lists("root", 1).await;
    assert_eq!(list[0]["title"], "backend-api: event_publishing failed for 120 s");
    assert!(service.list("alice").await.is_empty());
}

#[tokio::test]
async fn what_was_done_to_a_task_that_is_gone_is_told_nobody() {
    let service = Service::start_with(&["alice", "bob", "root"], &[("OPERATORS", "root")]).await;
    let first = created(1, json!({"assignee": "bob"}));
    let mut done = changed(2, &first, "task.completed", "09:05", json!({"completed": true}));
    done["user_id"] = json!("bob");
    // Both wait for backend-api, which knows of no such task when it is back.
    service.backend.is_away(true);
    assert_eq!(service.deliver("task-events", &done).await, "SUCCESS");
    assert_eq!(service.deliver("system-notifications", &outage(3)).await, "SUCCESS");
    let waiting = "SELECT count(*) FROM notification.notices WHERE done_at IS NULL";
    assert_eq!(service.number(waiting).await, 2);
    service.backend.is_away(false);
    service.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(service.deliver("system-notifications", &outage(4)).await, "SUCCESS");
    testkit::eventually(crate::service::DEADLINE, || async { (service.number(waiting).await == 0).then_some(()) })
        .await;
    let list = service.list("root").await;
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(list.iter().all(|told| told["kind"] == "system"), "{list:?}");
}

/// The `n`th event: publishing failed for two minutes.
fn outage(n: u128) -> Value {
    let mut event = created(n, json!({}));
    event["event_type"] = json!("system.error");
    event["user_id"] = json!("system");
    event["organization_id"] = json!("00000000-0000-0000-0000-000000000000");
    event["sequence"] = json!(0);
    event.as_object_mut().unwrap().remove("task_data");
    event["data"] = json!({
        "service": "backend-api", "activity": "event_publishing", "since": "2026-01-31T08:58:00Z", "until": "2026-01-31T09:00:00Z",
        "failures": 9, "error": "refused",
    });
    event
}
