//! Series that go ahead: the next instance comes when this one is due, done or not.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::backend::Behaviour::{Away, Refuses, Well};
use crate::fact::{TASK, changed, completed, created, made, reopened};
use crate::service::Service;

/// Every day, ahead.
fn ahead(members: &Value) -> Value {
    let mut recurrence = json!({"frequency": "daily", "rrule": "FREQ=DAILY", "text": "every day", "mode": "schedule", "generate": "ahead"});
    recurrence.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    recurrence
}

/// A task that is due at 10:00 UTC today, and every day.
async fn at_ten(members: Value) -> (Service, Value) {
    let service = Service::start().await;
    let first = created(1, json!({"due_date": "2026-01-31T10:00:00Z", "recurrence": ahead(&members)}));
    service.learn(&first).await;
    (service, first)
}

async fn ring(service: &Service, number: u32) {
    let (status, answer) = service.post(&format!("/job/occurrence-{TASK}-{number}"), &json!({})).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn the_next_one_comes_with_the_bell_when_this_one_is_due() {
    let (service, _) = at_ten(json!({})).await;
    ring(&service, 2).await;
    service.rests().await;
    assert!(service.backend.made().is_empty(), "it rang too early");
    service.is("2026-01-31T10:00:00Z");
    ring(&service, 2).await;
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-01T10:00:00Z");
    service.is("2026-02-01T10:00:00Z");
    ring(&service, 3).await;
    ring(&service, 2).await;
    assert_eq!(service.makes(2).await[1]["occurrence"], 3);
    // One that is over, and one of a window that opens tomorrow.
    for number in [2, 4] {
        let (_, answer) = service.post(&format!("/job/occurrence-{TASK}-{number}"), &json!({})).await;
        assert_eq!(answer, json!({"opens_at": null}), "{number}");
    }
    service.rests().await;
    assert_eq!(service.series().await["occurrence"], 3);
}

#[tokio::test]
async fn a_window_that_no_bell_rings_for_is_found_a_moment_later() {
    let service = Service::start().await;
    service.learn(&created(1, json!({"due_date": "2026-01-31T09:00:02Z", "recurrence": ahead(&json!({}))}))).await;
    // It has looked, and waits for the moment by a clock of its own.
    service.clock.advance(TimeDelta::seconds(3));
    service.makes(1).await;
}

#[tokio::test]
async fn a_week_of_downtime_makes_one_and_with_catch_up_each() {
    for (members, expected) in [(json!({}), 1_usize), (json!({"catch_up": "all"}), 8)] {
        let (mut service, _) = at_ten(members).await;
        service.away(|service| service.is("2026-02-07T10:30:00Z")).await;
        let made = service.makes(expected).await;
        service.rests().await;
        assert_eq!(service.makes(expected).await.last().unwrap()["due_date"], "2026-02-08T10:00:00Z");
        let numbers: Vec<_> = made.iter().map(|task| task["occurrence"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (2..2 + expected as u64).collect::<Vec<_>>(), "in their order");
    }
}

#[tokio::test]
async fn of_a_long_downtime_the_last_hundred_are_made_up_for() {
    let (mut service, _) = at_ten(json!({"catch_up": "all"})).await;
    service.away(|service| service.is("2026-07-31T10:30:00Z")).await;
    let made = service.makes(101).await;
    // It is summer in Berlin by then.
    let due = |place: usize| made[place]["due_date"].as_str().unwrap();
    assert_eq!([due(0), due(100)], ["2026-04-23T09:00:00Z", "2026-08-01T09:00:00Z"]);
    assert_eq!(made[100]["occurrence"], 102);
}

#[tokio::test]
async fn a_start_in_the_past_is_no_downtime() {
    let service = Service::start().await;
    let recurrence = ahead(&json!({"catch_up": "all"}));
    service.learn(&created(1, json!({"due_date": "2016-01-31T10:00:00Z", "recurrence": recurrence}))).await;
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-01-31T10:00:00Z");
    service.rests().await;
    service.makes(1).await;
}

/// A week was missed, and backend-api is away.
async fn behind() -> (Service, Value) {
    let (mut service, first) = at_ten(json!({"catch_up": "all"})).await;
    service.backend.behaves(Away);
    service.away(|service| service.is("2026-02-07T10:30:00Z")).await;
    service.asks(1).await;
    (service, first)
}

#[tokio::test]
async fn of_one_series_one_is_made_at_a_time() {
    let (service, _) = behind().await;
    assert_eq!(service.number("SELECT count(*) FROM recurring.occurrences WHERE status = 'pending'").await, 1);
    service.backend_answers(Well).await;
    service.makes(8).await;
}

#[tokio::test]
async fn whoever_stops_a_series_that_is_behind_gets_no_more_of_it() {
    let (service, _) = behind().await;
    service.order("stop", json!({})).await;
    service.backend_answers(Well).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    let series = service.series().await;
    assert_eq!((&series["status"], &series["task_id"]), (&json!("stopped"), &json!(TASK)));
}

#[tokio::test]
async fn deleting_the_task_of_a_series_that_is_behind_stops_it_and_restoring_it_makes_up_for_the_rest() {
    let (service, first) = behind().await;
    let gone = changed(2, &first, "task.deleted", json!({"deleted_at": "2026-02-07T10:30:00Z"}));
    service.learn(&gone).await;
    assert_eq!(service.series().await["reason"], "task_deleted");
    service.backend_answers(Well).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    service.learn(&changed(3, &gone, "task.restored", json!({"deleted_at": null}))).await;
    testkit::eventually(crate::service::DEADLINE, || async { (service.backend.open().len() == 8).then_some(()) }).await;
}

#[tokio::test]
async fn a_series_that_is_behind_and_refused_is_back_at_its_last_task() {
    let (service, _) = behind().await;
    service.backend_answers(Refuses).await;
    let series = service.series().await;
    assert_eq!((&series["status"], &series["occurrence"]), (&json!("stopped"), &json!(1)));
    assert_eq!(series["task_id"], json!(TASK));
}

#[tokio::test]
async fn being_done_early_or_taken_back_changes_nothing_about_the_next() {
    let (service, first) = at_ten(json!({})).await;
    let done = completed(2, &first, "2026-01-31T09:30:00Z");
    service.learn(&done).await;
    service.rests().await;
    assert!(service.backend.made().is_empty());
    service.is("2026-01-31T10:00:00Z");
    ring(&service, 2).await;
    let second = made(3, &service.makes(1).await[0]);
    service.learn(&reopened(4, &done)).await;
    service.rests().await;
    assert_eq!(service.backend.open().len(), 1);
    service.learn(&completed(5, &second, "2026-01-31T11:00:00Z")).await;
    service.rests().await;
    service.makes(1).await;
}

#[tokio::test]
async fn a_series_that_stops_does_not_ring_and_one_that_goes_on_makes_up_for_it_at_once() {
    let (service, first) = at_ten(json!({})).await;
    let gone = changed(2, &first, "task.archived", json!({"archived_at": "2026-01-31T09:30:00Z"}));
    service.learn(&gone).await;
    service.is("2026-01-31T10:00:00Z");
    ring(&service, 2).await;
    service.rests().await;
    assert!(service.backend.made().is_empty());
    service.learn(&changed(3, &gone, "task.restored", json!({"archived_at": null}))).await;
    service.makes(1).await;
}

#[tokio::test]
async fn one_that_waits_for_its_completion_from_now_on_goes_on_if_it_is_done() {
    let (service, first) = at_ten(json!({})).await;
    let done = completed(2, &first, "2026-01-31T09:30:00Z");
    service.learn(&done).await;
    service.order("change", json!({"changes": {"recurrence": crate::fact::daily()}})).await;
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-01T10:00:00Z");
}

#[tokio::test]
async fn the_last_one_ends_the_series_when_its_window_closes() {
    let (service, _) = at_ten(json!({"count": 2, "rrule": "FREQ=DAILY;COUNT=2"})).await;
    service.is("2026-01-31T10:00:00Z");
    ring(&service, 2).await;
    service.makes(1).await;
    service.is("2026-02-01T10:00:00Z");
    ring(&service, 3).await;
    testkit::eventually(crate::service::DEADLINE, || async {
        (service.series().await["status"] == "ended").then_some(())
    })
    .await;
    service.makes(1).await;
}
