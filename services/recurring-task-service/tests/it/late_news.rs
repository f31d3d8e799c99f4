//! Commands come at once, events by a broker that may have been away: what happened before a command does not undo it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fact::{changed, completed, created};
use crate::service::Service;

/// A series that began at 09:00; now it is ten seconds later.
async fn begun() -> (Service, Value) {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    service.clock.advance(TimeDelta::seconds(10));
    (service, first)
}

/// What happened to a task at that moment.
fn updated(n: u128, before: &Value, at: &str, members: Value) -> Value {
    let mut event = changed(n, before, "task.updated", members);
    event["timestamp"] = json!(at);
    event
}

fn weekly() -> Value {
    json!({"frequency": "weekly", "rrule": "FREQ=WEEKLY", "text": "every week", "mode": "schedule"})
}

#[tokio::test]
async fn a_series_that_was_stopped_stays_so_until_its_task_is_given_a_rule_after_that() {
    let (service, first) = begun().await;
    service.order("stop", json!({})).await;
    let late = updated(2, &first, "2026-01-31T09:00:05Z", json!({"recurrence": weekly()}));
    service.learn(&late).await;
    let done = completed(3, &late, "2026-01-31T09:00:06Z");
    service.learn(&done).await;
    service.rests().await;
    let series = service.series().await;
    assert_eq!((&series["status"], &series["reason"]), (&json!("stopped"), &json!("stopped")));
    assert!(service.backend.made().is_empty());
    service.learn(&updated(4, &done, "2026-01-31T09:00:20Z", json!({"recurrence": crate::fact::daily()}))).await;
    service.makes(1).await;
    assert_eq!(service.series().await["status"], "active");
}

#[tokio::test]
async fn what_was_said_stays_and_what_was_not_follows_the_task() {
    let (service, first) = begun().await;
    let changes = json!({"title": "Water the ferns", "recurrence": weekly(), "timezone": "America/New_York"});
    service.order("change", json!({"changes": changes})).await;
    let members = json!({
        "title": "Water the palms", "priority": "low", "timezone": "Asia/Tokyo",
        "recurrence": {"frequency": "monthly", "rrule": "FREQ=MONTHLY", "text": "every month", "mode": "schedule"},
    });
    let late = updated(2, &first, "2026-01-31T09:00:05Z", members);
    service.learn(&late).await;
    let series = service.series().await;
    assert_eq!((&series["title"], &series["recurrence"]), (&json!("Water the ferns"), &weekly()));
    assert_eq!(series["timezone"], "America/New_York");
    service.learn(&completed(3, &late, "2026-01-31T09:00:06Z")).await;
    let next = service.makes(1).await.remove(0);
    assert_eq!((&next["title"], &next["priority"]), (&json!("Water the ferns"), &json!("low")));
}

#[tokio::test]
async fn a_task_that_is_gone_stops_its_series_however_late_that_is_heard() {
    let (service, first) = begun().await;
    service.order("change", json!({"changes": {"recurrence": weekly()}})).await;
    service.learn(&changed(2, &first, "task.deleted", json!({"deleted_at": "2026-01-31T09:00:05Z"}))).await;
    assert_eq!(service.series().await["reason"], "task_deleted");
}
