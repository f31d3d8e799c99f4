//! Reminders as they come with tasks: whatever they say, they are kept as they were given, and new ones are still to come.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Person, key};

/// The only broken rule of a problem: where, and which.
fn told(problem: &Value) -> (String, String) {
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    let text = |member: &str| problem["errors"][0][member].as_str().unwrap().to_owned();
    (text("pointer"), text("code"))
}

async fn refused(person: &Person, task: &Value, patch: &Value) -> (String, String) {
    told(&person.client.patch(&person.task(task), patch).await.expect_problem(422, "validation_failed"))
}

fn broken(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[tokio::test]
async fn reminders_are_kept_as_they_were_given() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let mut reminders = vec![json!({"before": "PT60M"}), json!({"before": "P1DT2H", "channels": ["sms", "in_app"]})];
    reminders.resize(49, json!({"before": "PT1H", "channels": ["email"]}));
    reminders.push(json!({"at": "2036-01-31T09:00:00Z"}));
    let task = alice.create(json!({"title": "Fifty", "reminders": reminders})).await;
    assert_eq!(task["reminders"], json!(reminders), "without a due date they wait for one");
    let patched = alice.client.patch(&alice.task(&task), &json!({"title": "50"})).await.expect(200).json();
    assert_eq!(patched["reminders"], json!(reminders));
    assert_eq!(api.events().await.last().unwrap()["task_data"]["reminders"], json!(reminders));
}

#[tokio::test]
async fn only_what_is_new_in_a_patch_has_to_be_still_to_come() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (first, hour) = (json!({"at": "2026-01-31T09:30:00Z"}), json!({"before": "PT1H"}));
    let due = "2026-01-31T11:00:00Z";
    let task = alice.create(json!({"title": "T", "due_date": due, "reminders": [first, hour]})).await;
    api.clock.advance(TimeDelta::minutes(90));
    let alice = api.person("alice");

    let later = json!({"at": "2026-01-31T10:45:00Z"});
    let patch = json!({"reminders": [later, first, hour]});
    let patched = alice.client.patch(&alice.task(&task), &patch).await.expect(200).json();
    assert_eq!(patched["reminders"], patch["reminders"]);
    for (patch, expected) in [
        (json!({"reminders": [first, {"at": "2026-01-31T10:29:59Z"}]}), broken("/reminders/1/at", "reminder_past")),
        (json!({"reminders": [hour, hour]}), broken("/reminders/1/before", "reminder_past")),
        (json!({"reminders": [{"before": "PT31M"}]}), broken("/reminders/0/before", "reminder_past")),
        (
            json!({"due_date": "2026-01-31T12:00:00Z", "reminders": [{"before": "PT2H"}]}),
            broken("/reminders/0/before", "reminder_past"),
        ),
        (
            json!({"due_date": "2046-01-31T12:00:00Z", "reminders": [{"before": "PT2H"}]}),
            broken("/reminders/0/before", "reminder_too_far"),
        ),
    ] {
        assert_eq!(refused(&alice, &task, &patch).await, expected, "{patch}");
    }
    assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json(), patched, "nothing was changed");
    // The due date that comes with them is the one that they count from, also none.
    for patch in [
        json!({"due_date": "2026-01-31T12:31:00Z", "reminders": [{"before": "PT2H"}]}),
        json!({"due_date": null, "reminders": [{"before": "P1W"}]}),
    ] {
        alice.client.patch(&alice.task(&task), &patch).await.expect(200);
    }
}

#[tokio::test]
async fn a_due_date_alone_moves_wherever_it_is_moved() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let body = json!({"title": "T", "due_date": "2026-02-01T09:00:00Z", "reminders": [{"before": "PT1H"}]});
    let task = alice.create(body).await;
    for due_date in [json!("2020-01-01T00:00:00Z"), json!("9999-12-31T23:59:59Z"), Value::Null] {
        let moved = alice.client.patch(&alice.task(&task), &json!({ "due_date": due_date })).await.expect(200).json();
        assert_eq!((&moved["due_date"], &moved["reminders"]), (&due_date, &task["reminders"]));
    }
}

#[tokio::test]
async fn a_repetition_gets_its_answer_when_the_reminder_is_past() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, body) = (key(), json!({"title": "Once", "reminders": [{"at": "2026-01-31T09:01:00Z"}]}));
    let create = || {
        let request = alice.client.request(Method::POST, "/api/tasks").header("idempotency-key", &key);
        request.json(&body).send()
    };
    let first = create().await.expect(201).json();
    api.clock.advance(TimeDelta::minutes(2));
    let again = create().await.expect(201);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first, Some("true")));
    let new = alice.client.post("/api/tasks", &body).await.expect_problem(422, "validation_failed");
    assert_eq!(told(&new), broken("/reminders/0/at", "reminder_past"));
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);
}

#[tokio::test]
async fn what_comes_back_brings_its_past_reminders() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "T", "reminders": [{"at": "2026-01-31T09:01:00Z"}]})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    api.clock.advance(TimeDelta::minutes(2));
    let restored = alice.client.post(&format!("{}/restore", alice.task(&task)), &json!({})).await.expect(200).json();
    assert_eq!(restored["reminders"], task["reminders"]);
}
