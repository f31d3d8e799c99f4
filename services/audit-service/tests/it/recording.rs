//! Deliveries that keep the contract.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

use crate::fact::{TASK, WORKSPACE, body, created, id, notification, reminder, user_created, with};
use crate::service::{RECORDED_AT, Service};

async fn items(service: &Service) -> Vec<Value> {
    let (status, page) = service.history(&[("workspace_ids", &WORKSPACE.to_string())]).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_event_becomes_an_entry() {
    let service = Service::start().await;
    let mut event = created(1);
    event["from_a_newer_producer"] = json!({ "kept": true });
    assert_eq!(service.deliver("task-events", body(&event)).await, "SUCCESS");
    let expected = json!({
        "event_id": id(1), "event_type": "task.created", "user_id": "alice", "task_id": TASK,
        "timestamp": "2026-01-31T09:00:00Z", "details": event,
    });
    assert_eq!(items(&service).await, [expected]);
    assert_eq!(service.count("entries_recorded").await, 1);
}

#[tokio::test]
async fn an_entry_says_when_it_was_recorded_and_where_it_stands() {
    let service = Service::start().await;
    service.deliver("task-events", body(&created(42))).await;
    let sql = format!("SELECT FROM audit.entries WHERE sequence = 42 AND recorded_at = '{RECORDED_AT}'");
    let owner = service.database.connect_as_owner().await;
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    assert!(row.is_some());
}

#[tokio::test]
async fn an_event_of_a_user_has_no_task() {
    let service = Service::start().await;
    assert_eq!(service.deliver("user-activities", body(&user_created(1))).await, "SUCCESS");
    let items = items(&service).await;
    assert_eq!((&items[0]["event_type"], &items[0]["task_id"]), (&json!("user.created"), &Value::Null));
}

#[tokio::test]
async fn what_became_of_a_reminder_is_in_the_history_of_its_task_each_once() {
    let service = Service::start().await;
    let told = [reminder(1, "scheduled"), reminder(2, "cancelled"), reminder(3, "sent"), notification(4)];
    for event in told.iter().chain(&told[2..]) {
        assert_eq!(service.deliver("reminders", body(event)).await, "SUCCESS", "{event}");
    }
    service.deliver("task-events", body(&with(created(5), "/task_data/id", json!(id(9))))).await;
    let of_task = [("workspace_ids", WORKSPACE.to_string()), ("task_id", TASK.to_string())];
    let of_task: Vec<_> = of_task.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, page) = service.history(&of_task).await;
    assert_eq!(status, 200, "{page}");
    let newest_first: Vec<_> = told.iter().rev().cloned().collect();
    let details: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["details"].clone()).collect();
    assert_eq!(details, newest_first);
    assert_eq!((service.count("entries_recorded").await, service.count("events_duplicate").await), (5, 2));

    let (_, page) = service.history(&[of_task[0], ("event_type", "reminder.sent")]).await;
    let sent = json!([{
        "event_id": id(3), "event_type": "reminder.sent", "user_id": "alice", "task_id": TASK,
        "timestamp": "2026-01-31T11:30:00Z", "details": told[2],
    }]);
    assert_eq!(page["items"], sent);
}

#[tokio::test]
async fn an_event_is_recorded_once_however_often_and_wherever_it_is_delivered() {
    let service = Service::start().await;
    for topic in ["task-events", "task-events", "user-activities"] {
        assert_eq!(service.deliver(topic, body(&created(1))).await, "SUCCESS", "{topic}");
    }
    assert_eq!(service.entries().await, 1);
    assert_eq!((service.count("entries_recorded").await, service.count("events_duplicate").await), (1, 2));
    assert_eq!(service.count("events_conflicting").await, 0);
}

#[tokio::test]
async fn deliveries_at_the_same_moment_make_one_entry() {
    let service = std::sync::Arc::new(Service::start().await);
    let deliveries: Vec<_> = (0..20)
        .map(|n| {
            let service = service.clone();
            let topic = if n % 2 == 0 { "task-events" } else { "user-activities" };
            tokio::spawn(async move { service.deliver(topic, body(&created(1))).await })
        })
        .collect();
    for delivery in deliveries {
        assert_eq!(delivery.await.unwrap(), "SUCCESS");
    }
    assert_eq!(service.entries().await, 1);
    assert_eq!((service.count("entries_recorded").await, service.count("events_duplicate").await), (1, 19));
}

#[tokio::test]
async fn an_event_that_cannot_be_stored_does_not_take_those_of_its_moment_with_it() {
    let service = std::sync::Arc::new(Service::start().await);
    let deliveries: Vec<_> = (1..=40)
        .map(|n| {
            let service = service.clone();
            // Postgres stores no NUL.
            let event = if n % 10 == 0 { with(created(n), "/user_id", json!("a\0b")) } else { created(n) };
            tokio::spawn(async move { (n, service.deliver("task-events", body(&event)).await) })
        })
        .collect();
    for delivery in deliveries {
        let (n, outcome) = delivery.await.unwrap();
        assert_eq!(outcome, if n % 10 == 0 { "DROP" } else { "SUCCESS" }, "{n}");
    }
    assert_eq!(service.entries().await, 36);
}

#[tokio::test]
async fn another_event_under_a_known_id_changes_nothing() {
    let service = Service::start().await;
    service.deliver("task-events", body(&created(1))).await;
    let other = with(created(1), "/task_data/title", json!("Burn the plants"));
    assert_eq!(service.deliver("task-events", body(&other)).await, "SUCCESS");
    assert_eq!(items(&service).await[0]["details"], created(1));
    assert_eq!((service.count("events_conflicting").await, service.count("events_duplicate").await), (1, 0));
}

#[tokio::test]
async fn events_that_arrive_out_of_order_are_told_in_order() {
    let service = Service::start().await;
    for n in [2, 3, 1] {
        let event = with(created(n), "/timestamp", json!(format!("2026-01-31T09:00:0{n}Z")));
        assert_eq!(service.deliver("task-events", body(&event)).await, "SUCCESS");
    }
    let told: Vec<_> = items(&service).await.iter().map(|item| item["event_id"].clone()).collect();
    assert_eq!(told, [json!(id(3)), json!(id(2)), json!(id(1))]);
}

#[tokio::test]
async fn an_unknown_type_is_acknowledged_and_counted() {
    let service = Service::start().await;
    let event = with(created(1), "/event_type", json!("task.teleported"));
    assert_eq!(service.deliver("task-events", body(&event)).await, "SUCCESS");
    assert_eq!(service.entries().await, 0);
    assert_eq!((service.count("events_unknown").await, service.count("events_malformed").await), (1, 0));
}

#[tokio::test]
async fn the_largest_task_fits() {
    let service = Service::start().await;
    // 64 KiB of characters that JSON writes with six bytes each, before and after the change: above the limit for
    // requests by people.
    let description = "\u{1}".repeat(64 * 1024);
    let task = with(created(1), "/task_data/description", json!(description))["task_data"].clone();
    let mut event = with(with(created(1), "/event_type", json!("task.updated")), "/task_data", task.clone());
    event["previous_data"] = task;
    let body = body(&event);
    assert!(body.len() > platform::layers::MAX_BODY);
    assert_eq!(service.deliver("task-events", body).await, "SUCCESS");
    assert_eq!(items(&service).await[0]["details"], event);
}
