//! What a task is restored from that backend-api no longer has.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fact::{TASK, WORKSPACE, body, created, notification, reminder, with};
use crate::service::{Service, TOKEN};

const OTHER_WORKSPACE: Uuid = Uuid::from_u128(0xcc);
const DELETED_AT: &str = "2026-01-31T11:00:00Z";

/// The `n`th event, of this type, at this hour of one day.
fn told(n: u128, event_type: &str, hour: u8) -> Value {
    let mut event = with(created(n), "/event_type", json!(event_type));
    event["timestamp"] = json!(format!("2026-01-31T{hour:02}:00:00Z"));
    event["task_data"]["version"] = json!(n);
    event
}

async fn record(service: &Service, events: impl IntoIterator<Item = Value>) {
    for event in events {
        assert_eq!(service.deliver("task-events", body(&event)).await, "SUCCESS", "{event}");
    }
}

async fn ask(service: &Service, task: &str, query: &str) -> (StatusCode, Value) {
    let path = format!("/internal/deleted-tasks/{task}?{query}");
    let answer = service.request("GET", &path).header("dapr-api-token", TOKEN).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn ask_in(service: &Service, workspaces: &[Uuid]) -> (StatusCode, Value) {
    let workspaces: Vec<String> = workspaces.iter().map(Uuid::to_string).collect();
    ask(service, &TASK.to_string(), &format!("workspace_ids={}", workspaces.join(","))).await
}

/// To a sidecar each 404 is a failure, and some in a row open its circuit breaker.
fn nothing() -> (StatusCode, Value) {
    (StatusCode::OK, json!({"deletion": null}))
}

#[tokio::test]
async fn a_deleted_task_is_told_as_its_deletion_left_it() {
    let service = Service::start().await;
    let mut deleted = told(2, "task.deleted", 11);
    deleted["task_data"]["deleted_at"] = json!(DELETED_AT);
    deleted["task_data"]["colour"] = json!("of a newer producer");
    record(&service, [created(1), deleted.clone()]).await;
    let expected = json!({"workspace_id": WORKSPACE, "deleted_at": DELETED_AT, "task": deleted["task_data"]});
    let expected = json!({ "deletion": expected });
    assert_eq!(ask_in(&service, &[WORKSPACE]).await, (StatusCode::OK, expected.clone()));
    assert_eq!(ask_in(&service, &[OTHER_WORKSPACE, WORKSPACE]).await, (StatusCode::OK, expected));
}

#[tokio::test]
async fn the_newest_by_its_number_counts_whatever_the_times_say() {
    let service = Service::start().await;
    record(
        &service,
        [told(4, "task.deleted", 13), created(1), told(3, "task.restored", 23), told(2, "task.deleted", 11)],
    )
    .await;
    let (status, answer) = ask_in(&service, &[WORKSPACE]).await;
    assert_eq!((status, &answer["deletion"]["task"]["version"]), (StatusCode::OK, &json!(4)));
}

#[tokio::test]
async fn what_is_told_of_its_reminders_later_hides_no_deletion_and_makes_none() {
    let service = Service::start().await;
    let later = [reminder(7, "cancelled"), notification(8)];
    for event in &later {
        assert_eq!(service.deliver("reminders", body(event)).await, "SUCCESS", "{event}");
    }
    assert_eq!(ask_in(&service, &[WORKSPACE]).await, nothing(), "of the task itself nothing is known");
    record(&service, [created(1), told(2, "task.deleted", 11)]).await;
    let (status, answer) = ask_in(&service, &[WORKSPACE]).await;
    assert_eq!((status, &answer["deletion"]["task"]["version"]), (StatusCode::OK, &json!(2)));
}

#[tokio::test]
async fn a_task_that_is_not_deleted_is_not_there() {
    let service = Service::start().await;
    assert_eq!(ask_in(&service, &[WORKSPACE]).await, nothing(), "never heard of");
    record(&service, [created(1)]).await;
    assert_eq!(ask_in(&service, &[WORKSPACE]).await, nothing(), "created");
    // What happened last decides, not what arrived last.
    record(&service, [told(3, "task.restored", 12), told(2, "task.deleted", 11)]).await;
    assert_eq!(ask_in(&service, &[WORKSPACE]).await, nothing(), "restored");
}

#[tokio::test]
async fn a_task_of_another_workspace_is_not_there() {
    let service = Service::start().await;
    record(&service, [created(1), told(2, "task.deleted", 11)]).await;
    assert_eq!(ask_in(&service, &[OTHER_WORKSPACE]).await, nothing());
    assert_eq!(
        ask(&service, "seven", &format!("workspace_ids={WORKSPACE}")).await.0,
        404,
        "what is no id names nothing"
    );
}

#[tokio::test]
async fn the_question_must_name_workspaces_and_nothing_else() {
    let service = Service::start().await;
    let many = (0..101).map(|n| Uuid::from_u128(n).to_string()).collect::<Vec<_>>().join(",");
    for (query, pointer, code) in [
        ("", "/workspace_ids", "required"),
        ("workspace_ids=", "/workspace_ids", "required"),
        ("workspace_ids=seven", "/workspace_ids", "invalid_uuid"),
        (&format!("workspace_ids={many}"), "/workspace_ids", "too_many"),
        (&format!("workspace_ids={WORKSPACE}&limit=1"), "/limit", "unknown_parameter"),
    ] {
        let (status, problem) = ask(&service, &TASK.to_string(), query).await;
        let error = &problem["errors"][0];
        let told = (status.as_u16(), error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap());
        assert_eq!(told, (422, pointer, code), "{query}: {problem}");
    }
}
