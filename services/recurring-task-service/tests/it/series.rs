//! Series as their owners see and change them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::backend::Behaviour::{Away, Well};
use crate::fact::{TASK, WORKSPACE, changed, completed, created, daily, made, reopened};
use crate::service::Service;

async fn begun() -> (Service, Value) {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    (service, first)
}

#[tokio::test]
async fn they_are_listed_page_by_page_of_workspaces_and_statuses() {
    let service = Service::start().await;
    for n in 1..=5 {
        service.learn(&created(n, json!({"id": Uuid::from_u128(n), "title": n.to_string()}))).await;
        service.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let gone = changed(
        6,
        &created(1, json!({"id": Uuid::from_u128(1)})),
        "task.deleted",
        json!({"deleted_at": "2026-01-31T09:00:00Z"}),
    );
    service.learn(&gone).await;
    let other = Uuid::from_u128(7);
    let path = format!("/internal/recurrences?workspace_ids={WORKSPACE},{other}&limit=2");
    let (mut titles, mut after) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("{path}{after}")).await;
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(titles, ["5", "4", "3", "2", "1"]);
    let stopped = service.get(&format!("/internal/recurrences?workspace_ids={WORKSPACE}&status=stopped")).await;
    assert_eq!((stopped["items"].as_array().unwrap().len(), &stopped["items"][0]["title"]), (1, &json!("1")));
    let none = service.get(&format!("/internal/recurrences?workspace_ids={other}")).await;
    assert_eq!(none, json!({"items": [], "next": null}));
}

#[tokio::test]
async fn one_of_another_workspace_is_not_there_and_stays_as_it_is() {
    let (service, _) = begun().await;
    for (what, members) in [
        ("find", json!({})),
        ("change", json!({"changes": {"title": "Mine"}})),
        ("stop", json!({})),
        ("skip", json!({})),
    ] {
        for (id, workspace) in [(TASK, Uuid::from_u128(7)), (Uuid::from_u128(7), WORKSPACE)] {
            let mut body = json!({"id": id, "workspace_ids": [workspace]});
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let answer = service.post(&format!("/internal/recurrences/{what}"), &body).await;
            assert_eq!(answer, (200, json!({"recurrence": null})), "{what}");
        }
    }
    assert_eq!(service.order("find", json!({})).await["recurrence"], service.series().await);
    assert_eq!(
        (&service.series().await["title"], &service.series().await["status"]),
        (&json!("Water the plants"), &json!("active"))
    );
}

#[tokio::test]
async fn changes_are_for_the_instances_to_come() {
    let (service, first) = begun().await;
    let weekly = json!({"frequency": "weekly", "by_weekday": ["SU"], "rrule": "FREQ=WEEKLY;BYDAY=SU", "text": "every Sunday", "mode": "schedule"});
    let changes = json!({
        "title": "Water the ferns", "description": "", "tags": [], "priority": "low", "assignee": null,
        "reminders": [{"at": "2026-01-31T09:00:00Z"}], "recurrence": weekly, "due_date": "2026-01-31T10:00:00Z",
    });
    let shown = service.order("change", json!({"changes": changes})).await["recurrence"].clone();
    assert_eq!((&shown["title"], &shown["next_due"]), (&json!("Water the ferns"), &json!("2026-02-01T10:00:00Z")));
    assert_eq!(shown["due_date"], "2026-01-31T10:00:00Z");
    // The task follows, and says nothing new of the series.
    let members = json!({"title": "Water the ferns", "recurrence": weekly, "due_date": "2026-01-31T10:00:00Z"});
    let other = changed(2, &first, "task.updated", members);
    service.learn(&other).await;
    service.learn(&completed(3, &other, "2026-01-31T11:00:00Z")).await;
    let next = service.makes(1).await.remove(0);
    assert_eq!(
        (&next["title"], &next["description"], &next["tags"], &next["priority"]),
        (&json!("Water the ferns"), &json!(""), &json!([]), &json!("low"))
    );
    assert_eq!((next.get("assignee"), &next["due_date"]), (None, &json!("2026-02-01T10:00:00Z")));
    assert_eq!(next["reminders"], json!([{"at": "2026-02-01T09:00:00Z"}]));
}

#[tokio::test]
async fn a_series_that_is_stopped_makes_nothing_more() {
    let (service, first) = begun().await;
    let stopped = service.order("stop", json!({})).await["recurrence"].clone();
    assert_eq!((&stopped["status"], &stopped["reason"]), (&json!("stopped"), &json!("stopped")));
    // backend-api takes the recurrence from the open task.
    let plain = changed(2, &first, "task.updated", json!({"recurrence": null}));
    service.learn(&plain).await;
    service.learn(&completed(3, &plain, "2026-01-31T09:00:00Z")).await;
    service.rests().await;
    assert!(service.backend.made().is_empty());
    assert_eq!(service.series().await["reason"], "stopped");
}

#[tokio::test]
async fn one_that_is_about_to_be_made_when_the_series_is_stopped_is_taken_back() {
    let (service, first) = begun().await;
    service.backend.behaves(Away);
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    service.asks(1).await;
    service.order("stop", json!({})).await;
    service.backend_answers(Well).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    let series = service.series().await;
    assert_eq!((&series["status"], &series["occurrence"]), (&json!("stopped"), &json!(1)));
}

#[tokio::test]
async fn the_open_instance_is_skipped_once() {
    let (service, _) = begun().await;
    let shown = service.order("skip", json!({"occurrence": 1})).await;
    assert_eq!((&shown["recurrence"]["occurrence"], shown.get("problem")), (&json!(2), None));
    let again = service.order("skip", json!({"occurrence": 1})).await;
    assert_eq!((&again["problem"]["code"], &again["recurrence"]["occurrence"]), (&json!("occurrence_over"), &json!(2)));
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-01T08:00:00Z");
    service.rests().await;
    assert_eq!(service.backend.archived(), [json!(TASK)]);
    // The next one is there before the one that is skipped goes.
    assert_eq!(service.backend.asked(), ["make 2", "archive"]);
    // Without a number, whichever is open.
    service.order("skip", json!({})).await;
    assert_eq!(service.makes(2).await[1]["due_date"], "2026-02-02T08:00:00Z");
}

#[tokio::test]
async fn why_nothing_is_skipped_is_said_as_it_is() {
    let (service, first) = begun().await;
    let why = async |occurrence: Value| {
        let answer = service.order("skip", json!({ "occurrence": occurrence })).await;
        answer["problem"]["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert!(why(json!(99)).await.starts_with("There is no such occurrence yet."));
    service.order("skip", json!({"occurrence": 1})).await;
    assert!(why(json!(1)).await.starts_with("This occurrence is done or skipped already."));
    service.order("stop", json!({})).await;
    assert!(why(Value::Null).await.starts_with("The series is stopped"));

    let service = Service::start().await;
    service.learn(&first).await;
    service.learn(&changed(2, &first, "task.deleted", json!({"deleted_at": "2026-01-31T09:00:00Z"}))).await;
    let answer = service.order("skip", json!({})).await;
    assert_eq!(answer["problem"]["code"], "series_over");
    assert!(answer["problem"]["detail"].as_str().unwrap().contains("Restore"), "{answer}");
}

#[tokio::test]
async fn what_was_skipped_by_a_key_is_answered_again_and_nothing_else_is_skipped() {
    let (service, _) = begun().await;
    for occurrence in [json!(null), json!(1)] {
        let shown = service.order("skip", json!({"occurrence": occurrence, "key": "alice: one"})).await;
        assert_eq!((&shown["recurrence"]["occurrence"], shown.get("problem")), (&json!(2), None));
    }
    // What was refused is asked for again.
    let refused = service.order("skip", json!({"occurrence": 1, "key": "alice: two"})).await;
    assert_eq!(refused["problem"]["code"], "occurrence_over");
    let shown = service.order("skip", json!({"key": "alice: two"})).await;
    assert_eq!((&shown["recurrence"]["occurrence"], shown.get("problem")), (&json!(3), None));
    let shown = service.order("skip", json!({})).await;
    assert_eq!(shown["recurrence"]["occurrence"], 4);
}

#[tokio::test]
async fn a_series_that_was_stopped_after_a_skip_goes_on_when_it_is_given_a_rule_again() {
    let (service, _) = begun().await;
    service.backend.behaves(Away);
    service.order("skip", json!({})).await;
    service.order("stop", json!({})).await;
    service.backend_answers(Well).await;
    service.rests().await;
    assert!(service.backend.open().is_empty());
    let shown = service.order("change", json!({"changes": {"recurrence": daily()}})).await["recurrence"].clone();
    assert_eq!((&shown["status"], &shown["occurrence"]), (&json!("active"), &json!(2)));
    service.rests().await;
    assert_eq!(service.backend.open()[0]["due_date"], "2026-02-01T08:00:00Z");
}

#[tokio::test]
async fn skipping_the_last_one_ends_the_series() {
    let service = Service::start().await;
    let last = json!({"frequency": "daily", "count": 1, "rrule": "FREQ=DAILY;COUNT=1", "text": "every day", "mode": "schedule"});
    service.learn(&created(1, json!({"recurrence": last}))).await;
    assert_eq!(service.order("skip", json!({})).await["recurrence"]["status"], "ended");
    service.rests().await;
    assert_eq!((service.backend.archived(), service.backend.made()), (vec![json!(TASK)], vec![]));
    let problem = service.order("skip", json!({})).await["problem"].clone();
    assert_eq!(problem["code"], "series_over");
    assert!(problem["detail"].as_str().unwrap().starts_with("The series has ended"), "{problem}");
}

#[tokio::test]
async fn an_ended_series_that_is_stopped_does_not_come_back_when_its_task_is_reopened() {
    let service = Service::start().await;
    let last = json!({"frequency": "daily", "count": 1, "rrule": "FREQ=DAILY;COUNT=1", "text": "every day", "mode": "schedule"});
    let first = created(1, json!({"recurrence": last}));
    service.learn(&first).await;
    let done = completed(2, &first, "2026-01-31T09:00:00Z");
    service.learn(&done).await;
    assert_eq!(service.series().await["status"], "ended");
    service.order("stop", json!({})).await;
    service.learn(&reopened(3, &done)).await;
    let series = service.series().await;
    assert_eq!((&series["status"], &series["reason"]), (&json!("stopped"), &json!("stopped")));
}

#[tokio::test]
async fn an_ended_series_that_is_given_another_rule_goes_on() {
    let service = Service::start().await;
    let twice = json!({"frequency": "daily", "count": 2, "rrule": "FREQ=DAILY;COUNT=2", "text": "every day", "mode": "schedule"});
    let first = created(1, json!({"recurrence": twice}));
    service.learn(&first).await;
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    let second = made(3, &service.makes(1).await[0]);
    service.learn(&completed(4, &second, "2026-02-01T09:00:00Z")).await;
    assert_eq!(service.series().await["status"], "ended");
    let shown = service.order("change", json!({"changes": {"recurrence": daily()}})).await;
    assert_eq!((&shown["recurrence"]["status"], &shown["recurrence"]["occurrence"]), (&json!("active"), &json!(3)));
    assert_eq!(service.makes(2).await[1]["due_date"], "2026-02-02T08:00:00Z");
}

#[tokio::test]
async fn a_due_date_that_is_given_while_no_instance_is_open_is_that_of_the_next() {
    let service = Service::start().await;
    let once = json!({"frequency": "daily", "count": 1, "rrule": "FREQ=DAILY;COUNT=1", "text": "every day", "mode": "schedule"});
    let first = created(1, json!({"recurrence": once}));
    service.learn(&first).await;
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    assert_eq!(service.series().await["status"], "ended");
    let changes = json!({"recurrence": daily(), "due_date": "2026-02-10T18:00:00Z"});
    let shown = service.order("change", json!({"changes": changes})).await["recurrence"].clone();
    assert_eq!((&shown["occurrence"], &shown["due_date"]), (&json!(2), &json!("2026-02-10T18:00:00Z")));
    assert_eq!(shown["next_due"], "2026-02-11T18:00:00Z");
    assert_eq!(service.makes(1).await[0]["due_date"], "2026-02-10T18:00:00Z");
}

#[tokio::test]
async fn a_series_that_is_asked_for_before_its_event_came_begins_with_the_task_that_is_handed_over() {
    for verb in ["find", "change", "skip", "stop"] {
        let service = Service::start().await;
        let first = created(7, json!({}));
        let members = if verb == "change" { json!({"changes": {"title": "Water the ferns"}}) } else { json!({}) };
        assert_eq!(service.order(verb, members.clone()).await["recurrence"], Value::Null);
        let mut members = members;
        members["begin"] = json!({"sequence": 7, "task": first["task_data"]});
        let begun = service.order(verb, members.clone()).await["recurrence"].clone();
        assert_eq!(begun["id"], json!(TASK), "{verb}");
        // Its event says nothing new, and what comes after it does.
        service.learn(&first).await;
        assert_eq!(service.order("find", json!({})).await["recurrence"]["title"], begun["title"]);
        service.learn(&completed(8, &first, "2026-01-31T09:00:00Z")).await;
        if verb != "stop" {
            service.makes(1).await;
        }
        service.rests().await;
        members["begin"]["sequence"] = json!(99);
        let again = service.order("find", json!({"begin": members["begin"]})).await["recurrence"].clone();
        assert_eq!(again["occurrence"], json!(if verb == "stop" { 1 } else { 2 }), "one that is there stays as it is");
    }
}
