//! Who completes an instance gets the next one, once.

use futures::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fact::{TASK, WORKSPACE, changed, completed, created, daily, made};
use crate::service::{Service, TRACE};

#[tokio::test]
async fn the_next_one_is_like_the_one_before_and_due_when_the_rule_says() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    assert_eq!(service.series().await["next_due"], "2026-02-01T08:00:00Z");
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    let mut made = service.makes(1).await.remove(0);
    let id = made["id"].take();
    assert_eq!(id.as_str().unwrap().parse::<Uuid>().unwrap().get_version_num(), 7);
    let expected = json!({
        "id": null, "series_id": TASK, "occurrence": 2, "workspace_id": WORKSPACE, "user_id": "alice", "title": "Water the plants",
        "description": "- [ ] fern\n- [ ] palm", "priority": "high", "tags": ["home"], "due_date": "2026-02-01T08:00:00Z",
        "timezone": "Europe/Berlin", "recurrence": daily(), "reminders": [{"before": "PT1H"}], "assignee": "bob", "reporter": "alice",
    });
    assert_eq!(made, expected);
    assert_eq!(service.backend.traces(), [Some(TRACE.to_owned())], "it belongs to the trace of the completion");
    service.rests().await;
    let series = service.series().await;
    let expected = json!({
        "id": TASK, "workspace_id": WORKSPACE, "task_id": id, "title": "Water the plants", "status": "active", "recurrence": daily(), "timezone": "Europe/Berlin",
        "occurrence": 2, "due_date": "2026-02-01T08:00:00Z", "next_due": "2026-02-02T08:00:00Z",
        "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
    });
    assert_eq!(series, expected);
}

#[tokio::test]
async fn each_instance_is_followed_by_another() {
    let service = Service::start().await;
    let mut latest = created(1, json!({}));
    service.learn(&latest).await;
    for number in 2..=5_u64 {
        let n = u128::from(number) * 2;
        service.learn(&completed(n, &latest, "2026-01-31T09:00:00Z")).await;
        let tasks = service.makes(usize::try_from(number).unwrap() - 1).await;
        let task = tasks.last().unwrap();
        assert_eq!(
            (&task["occurrence"], &task["due_date"]),
            (&json!(number), &json!(format!("2026-02-0{}T08:00:00Z", number - 1)))
        );
        latest = made(n + 1, task);
        service.learn(&latest).await;
    }
}

#[tokio::test]
async fn a_completion_that_comes_again_or_to_two_replicas_at_once_makes_one() {
    let service = Service::start().await;
    let other = service.another().await;
    let first = created(1, json!({}));
    let done = completed(2, &first, "2026-01-31T09:00:00Z");
    // The series is begun by all at once, too.
    for event in [&first, &done] {
        let deliveries = (0..8).map(|n| {
            let (service, other) = (&service, &other);
            async move {
                if n % 2 == 0 {
                    service.deliver("task-events", event).await
                } else {
                    service.deliver_to(other.address, "task-events", event).await
                }
            }
        });
        for answer in futures::future::join_all(deliveries).await {
            assert_eq!(answer, "SUCCESS");
        }
    }
    service.makes(1).await;
    service.rests().await;
    service.learn(&done).await;
    service.rests().await;
    service.makes(1).await;
    assert_eq!(service.series().await["occurrence"], 2);
}

#[tokio::test]
async fn a_hundred_series_that_are_done_at_once_get_one_each() {
    let service = Service::start().await;
    let _other = service.another().await;
    let firsts: Vec<Value> = (1..=100).map(|n| created(n, json!({"id": Uuid::from_u128(n)}))).collect();
    for first in &firsts {
        service.learn(first).await;
    }
    let done = firsts.iter().zip(101..).map(|(first, n)| {
        let (service, done) = (&service, completed(n, first, "2026-01-31T09:00:00Z"));
        async move { service.learn(&done).await }
    });
    // As many at a time as a topic has partitions.
    futures::stream::iter(done).buffer_unordered(16).collect::<Vec<()>>().await;
    let mut of: Vec<String> = service.makes(100).await.iter().map(|task| task["series_id"].to_string()).collect();
    of.sort_unstable();
    of.dedup();
    assert_eq!(of.len(), 100);
}

#[tokio::test]
async fn a_task_that_does_not_repeat_or_was_done_long_ago_begins_nothing() {
    let service = Service::start().await;
    let once = created(1, json!({"recurrence": null, "recurrence_id": null, "occurrence": null}));
    service.learn(&once).await;
    service.learn(&completed(2, &once, "2026-01-31T09:00:00Z")).await;
    let old = completed(3, &created(3, json!({})), "2026-01-30T09:00:00Z");
    service.learn(&changed(4, &old, "task.updated", json!({"title": "Watered"}))).await;
    // The last state of one that went on without its rule.
    let stopped = created(5, json!({"recurrence": null, "occurrence": 3}));
    service.learn(&completed(6, &stopped, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.number("SELECT count(*) FROM recurring.rules").await, 0);
    // One from before series had ids.
    let early = created(7, json!({"recurrence_id": null, "occurrence": null, "recurrence": {"text": "every day"}}));
    service.learn(&completed(8, &early, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.makes(1).await[0]["occurrence"], 2);
}
