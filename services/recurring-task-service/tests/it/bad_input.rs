//! What is not as it should be.

use serde_json::{Value, json};

use crate::fact::{TASK, WORKSPACE, created};
use crate::service::Service;

#[tokio::test]
async fn nothing_is_there_for_anybody_but_the_sidecar() {
    let service = Service::start().await;
    let client = platform::http::client(crate::service::DEADLINE).unwrap();
    for path in ["/events/task-events", "/events/user-activities", "/job/occurrence-7-1", "/internal/recurrences/find"]
    {
        let answer = client.post(service.url(path)).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "not_found");
    }
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
    // A rule that only a newer version can read begins no series here.
    let odd = created(3, json!({"recurrence": {"frequency": "lunar"}}));
    assert_eq!(service.deliver("task-events", &odd).await, "SUCCESS");
    assert_eq!(service.number("SELECT count(*) FROM recurring.rules").await, 0);
}

#[tokio::test]
async fn a_task_by_an_unknown_clock_begins_no_series_and_one_from_before_calendars_begins_now() {
    let service = Service::start().await;
    let elsewhere = created(1, json!({"timezone": "Mars/Olympus"}));
    assert_eq!(service.deliver("task-events", &elsewhere).await, "SUCCESS");
    assert_eq!(service.number("SELECT count(*) FROM recurring.rules").await, 0);
    let ancient = created(2, json!({"due_date": "0001-01-01T00:00:00Z", "timezone": "America/New_York"}));
    assert_eq!(service.deliver("task-events", &ancient).await, "SUCCESS");
    assert_eq!(service.series().await["status"], "active");
}

#[tokio::test]
async fn a_job_that_is_none_of_ours_is_not_found_and_one_that_is_over_rings_for_nothing() {
    let service = Service::start().await;
    assert_eq!(service.post("/job/reminder-7-1", &json!({})).await.0, 404);
    let (status, answer) = service.post(&format!("/job/occurrence-{TASK}-2"), &json!({})).await;
    assert_eq!((status, answer), (200, json!({"opens_at": null})));
}

#[tokio::test]
async fn lists_and_changes_are_asked_for_properly() {
    let service = Service::start().await;
    for (query, pointer) in [
        ("workspace_ids=seven", "/workspace_ids"),
        ("", ""),
        ("workspace_ids=00000000-0000-0000-0000-000000000001&status=asleep", "/status"),
        ("workspace_ids=00000000-0000-0000-0000-000000000001&limit=201", "/limit"),
        ("workspace_ids=00000000-0000-0000-0000-000000000001&after=yesterday", "/after"),
    ] {
        let path = format!("/internal/recurrences?{query}");
        let (status, problem) = service.ask(reqwest::Method::GET, &path, None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{path}: {problem}");
    }
    for (changes, pointer) in [
        (json!({"colour": "red"}), "/changes/colour"),
        (json!({"timezone": "Mars/Olympus"}), "/changes/timezone"),
        (json!({"tags": "home"}), "/changes/tags"),
        (json!({"due_date": "0001-01-01T00:00:00Z"}), "/changes/due_date"),
    ] {
        let body = json!({"id": TASK, "workspace_ids": [WORKSPACE], "changes": changes});
        let (status, problem) = service.post("/internal/recurrences/change", &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let body = json!({"id": TASK, "workspace_ids": [WORKSPACE], "key": "k".repeat(301)});
    let (status, problem) = service.post("/internal/recurrences/skip", &body).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/key")), "{problem}");
}
