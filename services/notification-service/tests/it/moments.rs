//! When reminders are sent, and when not.

use serde_json::{Value, json};
use testkit::eventually;

use crate::fact::{changed, created};
use crate::service::{DEADLINE, Service};

fn half_an_hour_before(due: &str) -> Value {
    json!({"due_date": format!("2026-01-31T{due}:00Z"), "reminders": [{"before": "PT30M", "channels": ["in_app"]}]})
}

#[tokio::test]
async fn a_due_date_that_moves_takes_the_reminder_with_it_and_it_fires_once() {
    let service = Service::start().await;
    let first = created(1, half_an_hour_before("10:00"));
    service.learn(&first).await;
    let old = service.reminder().await;
    assert_eq!((&old["status"], &old["fire_at"]), (&json!("scheduled"), &json!("2026-01-31T09:30:00Z")));
    let moved = changed(2, &first, "task.updated", "09:05", json!({"due_date": "2026-01-31T12:00:00Z"}));
    service.learn(&moved).await;
    // Delivered again, and in the wrong order: no news.
    service.deliver("task-events", &first).await;
    service.deliver("task-events", &moved).await;
    let new = service.reminder().await;
    assert_eq!((&new["id"], &new["fire_at"], &new["version"]), (&old["id"], &json!("2026-01-31T11:30:00Z"), &json!(2)));

    // The job of the old moment rings for nothing.
    service.is("09:30");
    assert_eq!(service.ring(&old).await.0, 200);
    service.is("11:30");
    assert_eq!(service.ring(&new).await.0, 200);
    let sent = service.becomes("sent").await;
    assert_eq!((&sent["sent_at"], &sent["late"]), (&json!("2026-01-31T11:30:00Z"), &json!(false)));
    assert_eq!(service.list("alice").await.len(), 1);
    assert_eq!(
        service.told_types().await,
        ["reminder.scheduled", "reminder.scheduled", "notification.created", "reminder.sent"]
    );
}

#[tokio::test]
async fn without_a_due_date_it_sleeps_and_an_absolute_one_does_not_move() {
    let service = Service::start().await;
    let reminders = json!([{"before": "PT30M"}, {"at": "2026-01-31T11:00:00Z"}]);
    let first = created(1, json!({"due_date": "2026-01-31T10:00:00Z", "reminders": reminders}));
    service.learn(&first).await;
    let cleared = changed(2, &first, "task.updated", "09:05", json!({"due_date": null}));
    service.learn(&cleared).await;
    let all = service.reminders().await;
    assert_eq!(
        (&all[0]["status"], &all[0].get("fire_at"), &all[0]["before"]),
        (&json!("dormant"), &None, &json!("PT30M"))
    );
    assert_eq!(
        (&all[1]["status"], &all[1]["fire_at"], &all[1]["version"]),
        (&json!("scheduled"), &json!("2026-01-31T11:00:00Z"), &json!(1))
    );
    assert_eq!(service.told_types().await, ["reminder.scheduled", "reminder.scheduled", "reminder.cancelled"]);
}

#[tokio::test]
async fn what_is_done_archived_or_deleted_is_silent_and_only_what_is_to_come_begins_again() {
    for (ends, end, back) in [
        (
            "task.completed",
            json!({"completed": true, "status": "done"}),
            ("task.reopened", json!({"completed": false, "status": "todo"})),
        ),
        (
            "task.archived",
            json!({"archived_at": "2026-01-31T09:05:00Z"}),
            ("task.restored", json!({"archived_at": null})),
        ),
        ("task.deleted", json!({"deleted_at": "2026-01-31T09:05:00Z"}), ("task.restored", json!({"deleted_at": null}))),
    ] {
        let service = Service::start().await;
        let reminders = json!([{"at": "2026-01-31T10:00:00Z"}, {"at": "2026-01-31T11:00:00Z"}]);
        let first = created(1, json!({ "reminders": reminders }));
        service.learn(&first).await;
        let [early, _] = &service.reminders().await[..] else { panic!("two") };
        let ended = changed(2, &first, ends, "09:05", end);
        service.learn(&ended).await;
        service.is("10:00");
        service.ring(early).await;
        let silent = service.reminders().await;
        assert!(silent.iter().all(|reminder| reminder["status"] == "cancelled"), "{ends}: {silent:?}");
        let again = changed(3, &ended, back.0, "10:30", back.1);
        service.is("10:30");
        service.learn(&again).await;
        let [early, late] = &service.reminders().await[..] else { panic!("two") };
        assert_eq!((&early["status"], &late["status"]), (&json!("cancelled"), &json!("scheduled")), "{ends}");
        service.is("11:00");
        service.ring(late).await;
        assert_eq!(service.lists("alice", 1).await.len(), 1, "{ends}");
    }
}

#[tokio::test]
async fn what_backend_api_knows_already_counts_though_the_event_is_still_on_its_way() {
    let service = Service::start().await;
    let first = created(1, half_an_hour_before("10:00"));
    service.learn(&first).await;
    let reminder = service.reminder().await;
    service.backend.knows(&changed(2, &first, "task.completed", "09:29", json!({"completed": true})));
    service.is("09:30");
    service.ring(&reminder).await;
    let cancelled = service.becomes("cancelled").await;
    assert_eq!((&cancelled["reason"], &cancelled["version"]), (&json!("completed"), &json!(2)));
    let (told, event) = service.told().await.pop().unwrap();
    assert_eq!((told.as_str(), &event["data"]["version"]), ("reminder.cancelled", &cancelled["version"]));
    assert!(service.list("alice").await.is_empty());

    // A due date that moved is waited for.
    let service = Service::start().await;
    service.learn(&first).await;
    let moved = changed(2, &first, "task.updated", "09:29", json!({"due_date": "2026-01-31T12:00:00Z"}));
    service.backend.knows(&moved);
    service.is("09:30");
    let asked = service.backend.questions();
    service.ring(&service.reminder().await).await;
    eventually(DEADLINE, || async { (service.backend.questions() > asked).then_some(()) }).await;
    service.learn(&moved).await;
    assert_eq!(service.reminder().await["fire_at"], "2026-01-31T11:30:00Z");
    assert!(service.list("alice").await.is_empty());
}

#[tokio::test]
async fn one_whose_news_is_lost_follows_its_task_without() {
    let service = Service::start().await;
    let first = created(1, half_an_hour_before("10:00"));
    service.learn(&first).await;
    let old = service.reminder().await;
    let moved = changed(2, &first, "task.updated", "09:10", json!({"due_date": "2026-01-31T12:00:00Z"}));
    // It is a dead letter.
    service.backend.knows(&moved);
    service.is("09:40");
    service.ring(&old).await;
    let new =
        eventually(DEADLINE, || async { Some(service.reminder().await).filter(|reminder| reminder["version"] == 2) });
    let new = new.await;
    assert_eq!((&new["status"], &new["fire_at"]), (&json!("scheduled"), &json!("2026-01-31T11:30:00Z")));
    // Replayed, it is no news.
    service.learn(&moved).await;
    service.is("11:30");
    service.ring(&new).await;
    service.becomes("sent").await;
    assert_eq!(service.list("alice").await.len(), 1);
    assert_eq!(
        service.told_types().await,
        ["reminder.scheduled", "reminder.scheduled", "notification.created", "reminder.sent"]
    );

    // Where it moved to a moment that is past by now, it is sent late; where it has none, it sleeps.
    for (due, status, late) in [(json!("2026-01-31T09:45:00Z"), "sent", true), (Value::Null, "dormant", false)] {
        let service = Service::start().await;
        service.learn(&first).await;
        service.backend.knows(&changed(2, &first, "task.updated", "09:10", json!({ "due_date": due })));
        service.is("09:40");
        service.ring(&old).await;
        assert_eq!(service.becomes(status).await["late"], late);
    }
}

#[tokio::test]
async fn what_fell_due_while_nobody_was_there_is_sent_once_and_late() {
    let mut service = Service::start().await;
    service.learn(&created(1, half_an_hour_before("10:00"))).await;
    // No bell rings: it looks when it starts.
    service.away(async |service| service.is("11:00")).await;
    let sent = service.becomes("sent").await;
    assert_eq!((&sent["late"], &sent["sent_at"]), (&json!(true), &json!("2026-01-31T11:00:00Z")));
    assert_eq!(service.list("alice").await.len(), 1);
    // An hour and a half after its moment.
    for line in ["reminders_late_total", "reminder_lateness_seconds_count", "reminder_lateness_seconds_sum"] {
        let value = if line.ends_with("sum") { "5400.0" } else { "1" };
        let line = format!("{line}{{service=\"notification-service\"}} {value}");
        let shown = service.metrics().await;
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
    }
}

#[tokio::test]
async fn one_whose_news_arrives_after_its_moment_is_sent() {
    let service = Service::start().await;
    service.is("09:45");
    // It was created at 09:00, for 09:30.
    service.learn(&created(1, half_an_hour_before("10:00"))).await;
    assert_eq!(service.becomes("sent").await["late"], true);
}

#[tokio::test]
async fn one_of_long_ago_is_not_sent_any_more() {
    let service = Service::start().await;
    service.clock.advance(chrono::TimeDelta::days(8));
    service.learn(&created(1, half_an_hour_before("10:00"))).await;
    let missed = service.becomes("failed").await;
    assert_eq!(missed["reason"], "its moment was more than 7 days ago");
    assert!(service.list("alice").await.is_empty());
    assert_eq!(service.told_types().await, ["reminder.scheduled", "reminder.failed"]);
}

#[tokio::test]
async fn one_that_is_taken_away_is_not_sent() {
    let service = Service::start().await;
    let first = created(1, half_an_hour_before("10:00"));
    service.learn(&first).await;
    service.learn(&changed(2, &first, "task.updated", "09:05", json!({"reminders": []}))).await;
    let gone = service.reminder().await;
    assert_eq!((&gone["status"], &gone["reason"]), (&json!("cancelled"), &json!("removed")));
}
