//! What is refused, and how.

use serde_json::{Value, json};

use crate::fact::created;
use crate::service::{Service, nobody, payload};

async fn scheduled() -> (Service, Value) {
    let service = Service::start().await;
    service.learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z"}]}))).await;
    let reminder = service.reminder().await;
    (service, reminder)
}

#[tokio::test]
async fn a_payload_for_an_unknown_or_foreign_reminder_is_404_and_sends_nothing() {
    let (service, reminder) = scheduled().await;
    service.is("10:00");
    let name = format!("/job/reminder-{}-{}", reminder["id"].as_str().unwrap(), reminder["version"]);
    for (member, value) in
        [("reminder_id", json!(nobody())), ("task_id", json!(nobody())), ("user_id", json!("mallory"))]
    {
        let mut wrong = payload(&reminder);
        wrong[member] = value;
        for path in ["/jobs/reminder", name.as_str()] {
            let (status, problem) = service.post(path, &wrong).await;
            assert_eq!((status, &problem["code"]), (404, &json!("not_found")), "{member} at {path}");
        }
    }
    let (status, problem) = service.post("/job/reminder-of-somebody", &payload(&reminder)).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    assert!(service.list("alice").await.is_empty());
    assert_eq!(service.reminder().await["status"], "scheduled");
}

#[tokio::test]
async fn a_payload_that_is_none_says_what_it_lacks() {
    let (service, reminder) = scheduled().await;
    for (body, pointer, code) in [
        (json!({}), "/reminder_id", "required"),
        (
            json!({"reminder_id": "seven", "task_id": reminder["task_id"], "user_id": "alice", "task_title": ""}),
            "/reminder_id",
            "invalid_type",
        ),
    ] {
        let (status, problem) = service.post("/jobs/reminder", &body).await;
        assert_eq!((status, &problem["code"]), (422, &json!("validation_failed")), "{problem}");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
}

#[tokio::test]
async fn nobody_but_the_sidecar_reaches_anything() {
    let (service, reminder) = scheduled().await;
    let client = platform::http::client(std::time::Duration::from_secs(30)).unwrap();
    let name = format!("/job/reminder-{}-{}", reminder["id"].as_str().unwrap(), reminder["version"]);
    for path in ["/jobs/reminder", &name, "/job/digest", "/events/task-events", "/internal/unsubscribe"] {
        let answer = client.post(service.url(path)).json(&payload(&reminder)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "not_found");
    }
    assert_eq!(service.reminder().await["status"], "scheduled");
}

#[tokio::test]
async fn an_event_that_breaks_the_contract_is_a_dead_letter_and_one_of_tomorrow_is_passed_over() {
    let service = Service::start().await;
    let mut broken = created(1, json!({}));
    broken["task_data"]["title"] = json!(7);
    assert_eq!(service.deliver("task-events", &broken).await, "DROP");
    let mut newer = created(2, json!({}));
    newer["event_type"] = json!("task.snoozed");
    assert_eq!(service.deliver("task-events", &newer).await, "SUCCESS");
    // What this version cannot read of a task is passed over; the rest counts.
    let odd = created(3, json!({"reminders": [{"near": "home"}, {"at": "2026-01-31T10:00:00Z"}]}));
    assert_eq!(service.deliver("task-events", &odd).await, "SUCCESS");
    assert_eq!(service.reminders().await.len(), 1);
}

#[tokio::test]
async fn lists_are_asked_for_properly() {
    let service = Service::start().await;
    for (path, pointer) in [
        ("/internal/reminders?workspace_ids=seven", "/workspace_ids"),
        ("/internal/reminders", ""),
        ("/internal/reminders?workspace_ids=00000000-0000-0000-0000-000000000001&status=late", "/status"),
        ("/internal/notifications?user_id=alice&limit=201", "/limit"),
        ("/internal/notifications?user_id=alice&after=yesterday", "/after"),
        ("/internal/notifications?user_id=alice&unread=perhaps", "/unread"),
    ] {
        let (status, problem) = service.ask(reqwest::Method::GET, path, None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{path}: {problem}");
    }
}
