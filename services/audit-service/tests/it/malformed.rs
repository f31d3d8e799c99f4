//! Deliveries that break the contract: to the dead-letter topic, never again, never lost silently.

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::fact::{body, created, message, user_created, with, without};
use crate::service::Service;

/// Each with what is wrong.
fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let mut messages: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("not JSON", b"task.created".to_vec()),
        ("not UTF-8", b"{\"specversion\":\"1.0\",\"id\":\"\xff\"}".to_vec()),
        ("half a message", body(&created(1)).into_bytes()[..200].to_vec()),
        ("too deep", ["[".repeat(10_000), "]".repeat(10_000)].concat().into_bytes()),
        ("half a surrogate pair", body(&created(1)).replace("Water", "\\ud800").into_bytes()),
        ("a number out of range", body(&created(1)).replace("\"version\":1,", "\"version\":1e999,").into_bytes()),
        ("not an object", b"[]".to_vec()),
        ("no event", without(message(&created(1)), "/data").to_string().into()),
        ("another CloudEvents version", with(message(&created(1)), "/specversion", json!("0.3")).to_string().into()),
        ("no id", without(message(&created(1)), "/id").to_string().into()),
        ("too large", body(&with(created(1), "/task_data/title", json!("x".repeat(5 << 20)))).into_bytes()),
    ];
    let pointers = [
        "/event_id",
        "/event_type",
        "/user_id",
        "/organization_id",
        "/sequence",
        "/timestamp",
        "/metadata",
        "/task_data",
        "/task_data/id",
        "/task_data/title",
    ];
    messages.extend(pointers.map(|pointer| (pointer, body(&without(created(1), pointer)).into())));
    let values = [
        ("/event_id", json!("seven")),
        ("/event_type", json!("x".repeat(101))),
        ("/user_id", json!("")),
        ("/user_id", json!("x".repeat(256))),
        ("/user_id", json!("al\0ice")),
        ("/organization_id", json!(7)),
        ("/sequence", json!(-1)),
        ("/sequence", json!("1")),
        ("/timestamp", json!("yesterday")),
        ("/timestamp", json!("2026-02-30T09:00:00Z")),
        ("/metadata/version", json!("2.0")),
        ("/task_data/title", json!("NUL \0 inside")),
        ("/task_data/tags", json!(["fine", "\0"])),
        ("/task_data/reminders", json!([{ "\0": 1 }])),
    ];
    messages.extend(values.map(|(pointer, value)| (pointer, body(&with(created(1), pointer, value)).into())));
    messages.push(("user.created without its user", body(&without(user_created(1), "/data")).into()));
    messages
}

#[tokio::test]
async fn a_malformed_message_is_dropped_and_counted() {
    let service = Service::start().await;
    let messages = messages();
    let count = u64::try_from(messages.len()).unwrap();
    for (what, message) in messages {
        assert_eq!(service.deliver("task-events", message).await, "DROP", "{what}");
    }
    assert_eq!(service.count("events_malformed").await, count);
    assert_eq!(service.entries().await, 0);
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "SUCCESS", "and it works on");
}

#[tokio::test]
async fn an_event_that_the_database_refuses_is_not_delivered_for_ever() {
    let service = Service::start().await;
    let owner = service.database.connect_as_owner().await;
    owner.execute_unprepared("ALTER TABLE audit.entries ADD CHECK (user_id <> 'alice')").await.unwrap();
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "DROP");
    assert_eq!(service.count("events_malformed").await, 1);
}
