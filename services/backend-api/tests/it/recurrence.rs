//! Tasks that repeat: what is stored of a recurrence, and how a series begins.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::harness::Api;

#[tokio::test]
async fn the_first_instance_is_due_when_the_rule_first_says() {
    let api = Api::start().await;
    let alice = api.person("alice");
    // It is Saturday, 31 January 2026, 09:00 in UTC: in Berlin 09:00 has passed.
    for (recurrence, timezone, due) in [
        (json!({"text": "every Monday"}), "Europe/Berlin", "2026-02-02T08:00:00Z"),
        (json!({"text": "every day"}), "Europe/Berlin", "2026-02-01T08:00:00Z"),
        (json!({"text": "every day"}), "America/New_York", "2026-01-31T14:00:00Z"),
        (json!({"frequency": "monthly", "by_month_day": [31]}), "America/New_York", "2026-01-31T14:00:00Z"),
        (json!({"frequency": "monthly", "by_month_day": [31]}), "Europe/Berlin", "2026-02-28T08:00:00Z"),
        (json!({"rrule": "FREQ=MONTHLY;BYMONTHDAY=31"}), "Europe/Berlin", "2026-03-31T07:00:00Z"),
        (json!({"text": "every day at 18:30"}), "Europe/Berlin", "2026-01-31T17:30:00Z"),
    ] {
        let body =
            json!({"title": "Again", "timezone": timezone, "recurrence": recurrence, "reminders": [{"before": "P7D"}]});
        let task = alice.create(body).await;
        assert_eq!(task["due_date"], due, "{recurrence} in {timezone}");
        assert_eq!((&task["recurrence_id"], &task["occurrence"]), (&task["id"], &json!(1)));
        assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json(), task);
        let event = api.events().await.pop().unwrap();
        for member in ["due_date", "recurrence", "recurrence_id", "occurrence"] {
            assert_eq!(event["task_data"][member], task[member], "{member}");
        }
    }
    let once = alice.create(json!({"title": "Once"})).await;
    assert_eq!(
        (&once["recurrence_id"], &once["occurrence"], &once["due_date"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_patch_begins_a_series_once_and_ends_it() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Water the plants"})).await;
    let path = alice.task(&task);
    let patch = async |patch: Value| alice.client.patch(&path, &patch).await.expect(200).json();

    let begun = patch(json!({"recurrence": {"text": "every Monday"}})).await;
    assert_eq!((&begun["recurrence_id"], &begun["occurrence"]), (&task["id"], &json!(1)));
    assert_eq!(begun["due_date"], "2026-02-02T09:00:00Z");
    assert_eq!(api.told_of(&task).await, ["task.created", "task.updated", "task.due_date_set"]);

    // What was answered may be sent back as it is, and changes nothing.
    let same = patch(json!({"recurrence": begun["recurrence"]})).await;
    assert_eq!(same["version"], begun["version"]);

    let changed = patch(json!({"recurrence": {"frequency": "daily"}, "due_date": "2026-02-05T09:00:00Z"})).await;
    assert_eq!((&changed["recurrence_id"], &changed["recurrence"]["text"]), (&task["id"], &json!("every day")));
    // What repeats is due: taken away, the due date is the rule's.
    assert_eq!(patch(json!({"due_date": null})).await["due_date"], "2026-02-01T09:00:00Z");

    let ended = patch(json!({"recurrence": null})).await;
    assert_eq!((&ended["recurrence"], &ended["recurrence_id"]), (&Value::Null, &task["id"]));
    assert_eq!(patch(json!({"due_date": null})).await["due_date"], Value::Null);

    let never = json!({"recurrence": {"frequency": "daily", "until": "2026-01-01"}});
    let problem = alice.client.patch(&path, &never).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "recurrence_ended");
}

#[tokio::test]
async fn what_was_stored_before_rules_were_checked_can_still_be_read_and_changed() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Old"})).await;
    for (stored, answered) in [
        (json!({"text": "every 10 years"}), json!("FREQ=YEARLY;INTERVAL=10")),
        (json!({"rrule": "FREQ=DAILY"}), json!("FREQ=DAILY")),
        (json!({"text": "when the moon is full", "mode": "completion"}), Value::Null),
        (json!({"rrule": "FREQ=DAILY;BYSECOND=1"}), json!("FREQ=DAILY;BYSECOND=1")),
    ] {
        let sql = format!("UPDATE core.tasks SET recurrence = '{stored}'");
        api.owner().await.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        let read = alice.client.get(&alice.task(&task)).await.expect(200).json();
        assert_eq!(read["recurrence"]["rrule"], answered, "{stored}");
        let title = json!({"title": format!("Still {stored}")});
        let renamed = alice.client.patch(&alice.task(&task), &title).await.expect(200).json();
        assert_eq!(renamed["recurrence"], read["recurrence"], "{stored}");
    }
}

#[tokio::test]
async fn a_recurrence_that_makes_no_sense_is_refused_and_nothing_is_stored() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for (recurrence, pointer, code) in [
        (json!({}), "/recurrence", "recurrence_form"),
        (json!({"frequency": "hourly"}), "/recurrence/frequency", "invalid_type"),
        (json!({"frequency": "daily", "interval": 0}), "/recurrence/interval", "recurrence_invalid"),
        (json!({"rrule": "FREQ=DAILY;BYSECOND=1"}), "/recurrence/rrule", "recurrence_invalid"),
        (json!({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}), "/recurrence", "recurrence_never"),
        (json!({"rrule": "FREQ=DAILY;INTERVAL=7;BYDAY=TU"}), "/recurrence", "recurrence_never"),
        (json!({"text": "every blue moon"}), "/recurrence/text", "recurrence_text_unknown"),
        (json!({"text": "every day", "rrule": "FREQ=WEEKLY"}), "/recurrence/text", "recurrence_form"),
        (json!({"frequency": "daily", "until": "2026-01-30"}), "/recurrence", "recurrence_ended"),
    ] {
        // A Monday.
        let body = json!({"title": "x", "due_date": "2026-03-02T09:00:00Z", "recurrence": recurrence});
        let problem = alice.client.post(&alice.tasks(), &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body} {problem}");
    }
    let undated = json!({"title": "x", "recurrence": {"frequency": "daily", "until": "2026-01-30"}});
    let problem = alice.client.post(&alice.tasks(), &undated).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "recurrence_ended");
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
}
