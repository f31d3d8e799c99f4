//! Who takes a completion back, takes back the next instance too, unless somebody has touched it.

use serde_json::json;
use testkit::eventually;

use crate::backend::Behaviour::{Away, Well};
use crate::fact::{TASK, changed, completed, created, made, reopened};
use crate::service::{DEADLINE, Service};

#[tokio::test]
async fn an_untouched_one_is_withdrawn_and_comes_back_as_another() {
    let (service, _, done) = Service::done_once().await;
    let undone = reopened(4, &done);
    service.learn(&undone).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    let series = service.series().await;
    assert_eq!(
        (&series["occurrence"], &series["task_id"], &series["status"]),
        (&json!(1), &json!(TASK), &json!("active"))
    );
    service.learn(&completed(6, &undone, "2026-01-31T09:00:00Z")).await;
    let made = service.makes(2).await;
    assert_eq!((&made[1]["occurrence"], &made[1]["due_date"]), (&json!(2), &made[0]["due_date"]));
    assert_ne!(made[1]["id"], made[0]["id"]);
    service.rests().await;
    assert_eq!(service.series().await["task_id"], made[1]["id"]);
}

#[tokio::test]
async fn a_touched_one_stays_and_no_other_comes() {
    let (service, _, done) = Service::done_once().await;
    service.backend.is_touched(&service.backend.made()[0]);
    let undone = reopened(4, &done);
    service.learn(&undone).await;
    service.rests().await;
    assert_eq!(service.series().await["occurrence"], 2);
    service.learn(&completed(5, &undone, "2026-01-31T09:00:00Z")).await;
    service.rests().await;
    service.makes(1).await;
    let second = made(3, &service.backend.made()[0]);
    service.learn(&completed(6, &second, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.makes(2).await[1]["occurrence"], 3);
}

#[tokio::test]
async fn one_that_was_not_made_yet_is_made_and_withdrawn() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    service.backend.behaves(Away);
    let done = completed(2, &first, "2026-01-31T09:00:00Z");
    service.learn(&done).await;
    service.asks(1).await;
    service.learn(&reopened(3, &done)).await;
    service.backend_answers(Well).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    assert_eq!(service.backend.asked().last().unwrap(), "withdraw");
    assert_eq!(service.series().await["occurrence"], 1);
}

#[tokio::test]
async fn who_changes_their_mind_while_backend_api_is_away_has_one_next_instance() {
    for touched in [false, true] {
        let (service, _, mut latest) = Service::done_once().await;
        service.backend.behaves(Away);
        for n in 0..3 {
            let undone = reopened(10 + 2 * n, &latest);
            service.learn(&undone).await;
            latest = completed(11 + 2 * n, &undone, "2026-01-31T09:00:00Z");
            service.learn(&latest).await;
        }
        if touched {
            service.backend.is_touched(&service.backend.made()[0]);
        }
        service.backend_answers(Well).await;
        eventually(DEADLINE, || async {
            service.rests().await;
            (service.backend.open().len() == 1).then_some(())
        })
        .await;
        let open = service.backend.open();
        assert_eq!((open.len(), &open[0]["occurrence"]), (1, &json!(2)));
        assert_eq!(service.makes(if touched { 1 } else { 2 }).await.last(), open.last());
        assert_eq!(service.series().await["task_id"], open[0]["id"]);
    }
}

#[tokio::test]
async fn a_rule_and_a_date_that_come_with_the_reopening_count_from_the_reopened_one() {
    let (service, _, done) = Service::done_once().await;
    let rule = json!({"frequency": "daily", "interval": 3, "rrule": "FREQ=DAILY;INTERVAL=3", "text": "every 3 days", "mode": "schedule"});
    let members = json!({
        "status": "todo", "completed": false, "completed_at": null, "recurrence": rule, "due_date": "2026-02-05T08:00:00Z",
    });
    // One PATCH, of which there are two events.
    let undone = changed(4, &done, "task.updated", members.clone());
    service.learn(&undone).await;
    service.learn(&changed(5, &done, "task.reopened", members)).await;
    service.rests().await;
    let series = service.series().await;
    assert_eq!((&series["occurrence"], &series["due_date"]), (&json!(1), &json!("2026-02-05T08:00:00Z")));
    assert_eq!(series["next_due"], "2026-02-08T08:00:00Z");
    service.learn(&completed(6, &undone, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.makes(2).await[1]["due_date"], "2026-02-08T08:00:00Z");
}

#[tokio::test]
async fn who_deletes_the_next_one_first_is_back_at_the_one_before() {
    let (service, _, done) = Service::done_once().await;
    let second = made(3, &service.backend.made()[0]);
    service.learn(&changed(4, &second, "task.deleted", json!({"deleted_at": "2026-01-31T09:00:00Z"}))).await;
    assert_eq!(service.series().await["reason"], "task_deleted");
    service.learn(&reopened(5, &done)).await;
    service.rests().await;
    let series = service.series().await;
    assert_eq!((&series["occurrence"], &series["status"], &series.get("reason")), (&json!(1), &json!("active"), &None));
}

#[tokio::test]
async fn an_older_one_that_is_reopened_changes_nothing() {
    let (service, _, done) = Service::done_once().await;
    let second = made(3, &service.backend.made()[0]);
    service.learn(&completed(4, &second, "2026-01-31T09:00:00Z")).await;
    service.makes(2).await;
    service.learn(&reopened(5, &done)).await;
    service.rests().await;
    assert_eq!((service.series().await["occurrence"].clone(), service.backend.open().len()), (json!(3), 2));
}
