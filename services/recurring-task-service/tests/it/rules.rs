//! When the next instance is due, and what of the latest it takes over.

use serde_json::{Value, json};

use crate::fact::{TASK, changed, completed, created, daily, made};
use crate::service::Service;

fn every_three_days(mode: &str) -> Value {
    json!({"frequency": "daily", "interval": 3, "rrule": "FREQ=DAILY;INTERVAL=3", "text": "every 3 days", "mode": mode})
}

/// The due date of what comes after a task with these members, done at that moment.
async fn next_due(members: Value, done: &str) -> Value {
    let service = Service::start().await;
    let first = created(1, members);
    service.learn(&first).await;
    service.learn(&completed(2, &first, done)).await;
    service.makes(1).await[0]["due_date"].clone()
}

#[tokio::test]
async fn who_is_late_skips_what_has_passed() {
    let task =
        json!({"due_date": "2026-03-01T09:00:00Z", "timezone": "UTC", "recurrence": every_three_days("schedule")});
    assert_eq!(next_due(task.clone(), "2026-03-05T12:00:00Z").await, "2026-03-07T09:00:00Z");
    assert_eq!(next_due(task, "2026-02-25T12:00:00Z").await, "2026-03-04T09:00:00Z");
}

#[tokio::test]
async fn from_completion_it_is_counted_from_that_day() {
    let task =
        json!({"due_date": "2026-03-01T09:00:00Z", "timezone": "UTC", "recurrence": every_three_days("completion")});
    assert_eq!(next_due(task.clone(), "2026-03-05T12:00:00Z").await, "2026-03-08T09:00:00Z");
    assert_eq!(next_due(task, "2026-02-25T12:00:00Z").await, "2026-02-28T09:00:00Z");
}

#[tokio::test]
async fn one_that_is_skipped_is_not_followed_by_an_earlier_one() {
    let service = Service::start().await;
    let members =
        json!({"due_date": "2026-02-09T09:00:00Z", "timezone": "UTC", "recurrence": every_three_days("completion")});
    service.learn(&created(1, members)).await;
    for expected in ["2026-02-12T09:00:00Z", "2026-02-15T09:00:00Z"] {
        service.order("skip", json!({})).await;
        assert_eq!(service.series().await["due_date"], expected);
    }
}

#[tokio::test]
async fn the_clock_on_the_wall_is_kept_when_summer_begins() {
    let task = json!({"due_date": "2026-03-28T08:00:00Z"});
    assert_eq!(next_due(task, "2026-03-28T09:00:00Z").await, "2026-03-29T07:00:00Z");
}

#[tokio::test]
async fn another_rule_counts_from_the_open_instance() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let members = json!({"recurrence": every_three_days("schedule"), "due_date": "2026-02-02T18:00:00Z"});
    let other = changed(2, &first, "task.updated", members);
    service.learn(&other).await;
    let series = service.series().await;
    assert_eq!(
        (&series["recurrence"], &series["next_due"]),
        (&every_three_days("schedule"), &json!("2026-02-05T18:00:00Z"))
    );
    service.learn(&completed(3, &other, "2026-02-03T09:00:00Z")).await;
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-05T18:00:00Z");
}

#[tokio::test]
async fn a_count_goes_on_from_wherever_the_rule_counts_and_another_one_begins_there() {
    let times = |count: u32| {
        let rrule = format!("FREQ=DAILY;COUNT={count}");
        json!({"frequency": "daily", "count": count, "rrule": rrule, "text": "every day", "mode": "schedule"})
    };
    let to_the_letter = json!({"rrule": "FREQ=DAILY;COUNT=3", "text": "every day, 3 times", "mode": "schedule"});
    for (changes, expected) in [
        (json!({"due_date": "2026-02-01T10:00:00Z"}), 3),
        (json!({"recurrence": to_the_letter}), 3),
        (json!({"recurrence": times(4)}), 5),
    ] {
        let service = Service::start().await;
        let mut latest = created(1, json!({"recurrence": times(3)}));
        service.learn(&latest).await;
        for number in 2..=expected {
            service.learn(&completed(number * 2, &latest, "2026-01-31T09:00:00Z")).await;
            let made_before = usize::try_from(number).unwrap() - 1;
            latest = made(number * 2 + 1, service.makes(made_before).await.last().unwrap());
            if number == 2 {
                service.order("change", json!({"changes": changes})).await;
            }
        }
        service.learn(&completed(100, &latest, "2026-01-31T09:00:00Z")).await;
        assert_eq!(service.series().await["status"], "ended", "{changes}");
        service.rests().await;
        service.makes(usize::try_from(expected).unwrap() - 1).await;
    }
}

#[tokio::test]
async fn a_due_date_that_is_moved_moves_that_one_alone() {
    let service = Service::start().await;
    let first = created(1, json!({"reminders": [{"at": "2026-01-31T07:30:00Z"}]}));
    service.learn(&first).await;
    let later = changed(2, &first, "task.updated", json!({"due_date": "2026-01-31T15:00:00Z"}));
    service.learn(&later).await;
    let series = service.series().await;
    assert_eq!(
        (&series["due_date"], &series["next_due"]),
        (&json!("2026-01-31T15:00:00Z"), &json!("2026-02-01T08:00:00Z"))
    );
    service.learn(&completed(3, &later, "2026-01-31T16:00:00Z")).await;
    let next = service.makes(1).await.remove(0);
    assert_eq!(
        (&next["due_date"], &next["reminders"]),
        (&json!("2026-02-01T08:00:00Z"), &json!([{"at": "2026-02-01T07:30:00Z"}]))
    );
}

#[tokio::test]
async fn what_is_changed_is_carried_over_unless_it_is_for_this_one_alone() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let mut alone = changed(2, &first, "task.updated", json!({"title": "Water the ferns", "assignee": null}));
    alone["metadata"]["scope"] = json!("this");
    service.learn(&alone).await;
    assert_eq!(service.series().await["title"], "Water the plants");
    let all = changed(3, &alone, "task.updated", json!({"tags": ["garden"], "description": "All of them"}));
    service.learn(&all).await;
    let done = completed(4, &all, "2026-01-31T09:00:00Z");
    service.learn(&done).await;
    let next = service.makes(1).await.remove(0);
    assert_eq!((&next["title"], &next["assignee"]), (&json!("Water the plants"), &json!("bob")));
    assert_eq!((&next["tags"], &next["description"]), (&json!(["garden"]), &json!("All of them")));
    // What happens to one that is over is of no consequence.
    service.learn(&changed(5, &done, "task.updated", json!({"title": "Watered"}))).await;
    let second = made(6, &next);
    service.learn(&completed(7, &second, "2026-02-01T09:00:00Z")).await;
    assert_eq!(service.makes(2).await[1]["title"], "Water the plants");
}

#[tokio::test]
async fn a_task_that_is_given_a_recurrence_later_begins_a_series_then() {
    let service = Service::start().await;
    let once = created(1, json!({"recurrence": null, "recurrence_id": null, "occurrence": null}));
    service.learn(&once).await;
    let members = json!({"recurrence": daily(), "recurrence_id": TASK, "occurrence": 1});
    let repeats = changed(2, &once, "task.updated", members);
    service.learn(&repeats).await;
    service.learn(&completed(3, &repeats, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.makes(1).await[0]["occurrence"], 2);
}

#[tokio::test]
async fn news_that_is_late_changes_nothing() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let renamed = changed(3, &first, "task.updated", json!({"title": "Water the ferns"}));
    service.learn(&renamed).await;
    service.learn(&changed(2, &first, "task.updated", json!({"title": "Water the palms"}))).await;
    assert_eq!(service.series().await["title"], "Water the ferns");
}
