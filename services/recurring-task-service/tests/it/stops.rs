//! Series stop with their tasks, and go on with them.

use serde_json::{Value, json};

use crate::fact::{changed, completed, created, daily, made};
use crate::service::Service;

#[tokio::test]
async fn deleting_or_archiving_the_latest_task_stops_the_series_and_restoring_it_resumes_it() {
    for (event_type, member, reason) in
        [("task.deleted", "deleted_at", "task_deleted"), ("task.archived", "archived_at", "task_archived")]
    {
        let service = Service::start().await;
        let first = created(1, json!({}));
        service.learn(&first).await;
        let gone = changed(2, &first, event_type, json!({member: "2026-01-31T09:00:00Z"}));
        service.learn(&gone).await;
        let series = service.series().await;
        assert_eq!((&series["status"], &series["reason"]), (&json!("stopped"), &json!(reason)));
        assert_eq!(series.get("next_due"), None);
        let back = changed(3, &gone, "task.restored", json!({member: null}));
        service.learn(&back).await;
        let series = service.series().await;
        assert_eq!((&series["status"], &series.get("reason")), (&json!("active"), &None));
        service.learn(&completed(4, &back, "2026-01-31T09:00:00Z")).await;
        service.makes(1).await;
    }
}

#[tokio::test]
async fn putting_away_what_is_done_stops_nothing() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let done = completed(2, &first, "2026-01-31T09:00:00Z");
    service.learn(&done).await;
    let second = made(3, &service.makes(1).await[0]);
    service.learn(&changed(4, &done, "task.archived", json!({"archived_at": "2026-01-31T09:00:00Z"}))).await;
    service.learn(&changed(5, &done, "task.deleted", json!({"deleted_at": "2026-01-31T09:00:00Z"}))).await;
    assert_eq!(service.series().await["status"], "active");
    service.learn(&completed(6, &second, "2026-01-31T09:00:00Z")).await;
    service.makes(2).await;
}

#[tokio::test]
async fn a_task_whose_recurrence_is_taken_away_is_the_last_until_it_is_given_one_again() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let plain = changed(2, &first, "task.updated", json!({"recurrence": null}));
    service.learn(&plain).await;
    let series = service.series().await;
    assert_eq!((&series["status"], &series["reason"]), (&json!("stopped"), &json!("recurrence_removed")));
    let done = completed(3, &plain, "2026-01-31T09:00:00Z");
    service.learn(&done).await;
    service.rests().await;
    assert!(service.backend.made().is_empty());
    // Whoever gives it to one that is done, means that it goes on.
    service.learn(&changed(4, &done, "task.updated", json!({"recurrence": daily()}))).await;
    assert_eq!(service.makes(1).await[0]["occurrence"], 2);
    assert_eq!(service.series().await["status"], "active");
}

#[tokio::test]
async fn a_series_ends_with_its_count_or_its_last_day() {
    for (rule, member, value) in
        [("FREQ=DAILY;COUNT=2", "count", json!(2)), ("FREQ=DAILY;UNTIL=20260201", "until", json!("2026-02-01"))]
    {
        let service = Service::start().await;
        let recurrence =
            json!({"frequency": "daily", member: value, "rrule": rule, "text": "every day", "mode": "schedule"});
        let first = created(1, json!({"recurrence": recurrence}));
        service.learn(&first).await;
        service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
        let second = made(3, &service.makes(1).await[0]);
        assert_eq!(service.series().await.get("next_due"), None, "the second is the last");
        let done = completed(4, &second, "2026-02-01T09:00:00Z");
        service.learn(&done).await;
        service.rests().await;
        service.makes(1).await;
        assert_eq!(service.series().await["status"], "ended", "{rule}");
        // The end is taken back with the completion, and comes again.
        let undone = crate::fact::reopened(5, &done);
        service.learn(&undone).await;
        assert_eq!(service.series().await["status"], "active");
        service.learn(&completed(6, &undone, "2026-02-01T09:00:00Z")).await;
        assert_eq!(service.series().await["status"], "ended");
        // One that lasts longer goes on from there.
        let longer = completed(7, &second, "2026-02-01T09:00:00Z");
        service.learn(&changed(8, &longer, "task.updated", json!({"recurrence": daily()}))).await;
        assert_eq!(due_dates(&service.makes(2).await), ["2026-02-01T08:00:00Z", "2026-02-02T08:00:00Z"]);
    }
}

fn due_dates(tasks: &[Value]) -> Vec<&str> {
    tasks.iter().map(|task| task["due_date"].as_str().unwrap()).collect()
}
