//! `POST …/tasks/{id}/restore` while the table has the task.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Person, key};
use crate::trail::Trail;

/// A task with everything that a task can have.
pub(crate) async fn create_full(person: &Person) -> Value {
    person
        .create(json!({
            "title": "Renew my passport", "description": "Two photos", "status": "done", "priority": "high",
            "tags": ["travel", "town hall"], "due_date": "2026-02-12T14:30:00+01:00", "timezone": "Europe/Paris",
            "recurrence": {"frequency": "yearly", "interval": 10}, "reminders": [{"before": "PT1H", "channels": ["email"]}],
            "assignee": person.id,
        }))
        .await
}

/// The task without what every change changes.
pub(crate) fn lasting(task: &Value) -> Value {
    let mut task = task.clone();
    for member in ["version", "updated_at"] {
        task.as_object_mut().unwrap().remove(member);
    }
    task
}

async fn restore(person: &Person, task: &Value) -> Value {
    let answer = person.client.post(&format!("{}/restore", person.task(task)), &json!({})).await.expect(200);
    let restored = answer.json();
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", restored["version"]).as_str()));
    restored
}

async fn archive(person: &Person, task: &Value) -> Value {
    person.client.post(&format!("{}/archive", person.task(task)), &json!({})).await.expect(200).json()
}

#[tokio::test]
async fn a_deleted_task_is_back_as_it_was() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = create_full(&alice).await;
    api.clock.advance(TimeDelta::minutes(1));
    alice.client.delete(&alice.task(&task)).await.expect(204);
    api.clock.advance(TimeDelta::minutes(1));

    let restored = restore(&alice, &task).await;
    assert_eq!(lasting(&restored), lasting(&task));
    assert_eq!((&restored["version"], &restored["updated_at"]), (&json!(3), &json!("2026-01-31T09:02:00Z")));
    assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json(), restored);
    assert_eq!(alice.client.get(&alice.tasks()).await.expect(200).json()["items"], json!([restored]));

    assert_eq!(api.told_of(&task).await, ["task.created", "task.deleted", "task.restored"]);
    let event = api.events().await.pop().unwrap();
    assert_eq!((&event["user_id"], &event["metadata"]["source"]), (&json!("alice"), &json!("restore")));
    assert_eq!(event["topics"], json!(["task-events", "task-updates"]));
    assert_eq!(event["previous_data"]["deleted_at"], "2026-01-31T09:01:00Z");
    assert_eq!((&event["previous_data"]["version"], &event["task_data"]["version"]), (&json!(2), &json!(3)));
    assert!(event["task_data"].get("deleted_at").is_none(), "{event}");
}

#[tokio::test]
async fn an_archived_task_that_was_deleted_comes_back_archived_and_then_out_of_the_archive() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Old"})).await;
    let archived = archive(&alice, &task).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);

    let again = restore(&alice, &task).await;
    assert_eq!((&again["archived_at"], &again["deleted_at"]), (&archived["archived_at"], &Value::Null));
    let living = restore(&alice, &task).await;
    assert_eq!((&living["archived_at"], &living["version"]), (&Value::Null, &json!(5)));
    let told = ["task.created", "task.archived", "task.deleted", "task.restored", "task.restored"];
    assert_eq!(api.told_of(&task).await, told);

    assert_eq!(restore(&alice, &task).await, living, "there is nothing left to take back");
    assert_eq!(api.told_of(&task).await, told);
}

#[tokio::test]
async fn a_stale_version_is_refused_with_the_current_state() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "One"})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    let path = format!("{}/restore", alice.task(&task));
    let restore = |tag: &'static str| alice.client.request(Method::POST, &path).header("if-match", tag).send();
    let answer = restore("\"1\"").await;
    let problem = answer.expect_problem(412, "version_stale");
    assert_eq!((&problem["current"]["version"], answer.header("etag")), (&json!(2), Some("\"2\"")));
    assert!(problem["current"]["deleted_at"].is_string(), "{problem}");
    alice.client.post(&path, &json!({"version": 1})).await.expect_problem(412, "version_stale");
    restore("2").await.expect_problem(400, "entity_tag_invalid");
    assert_eq!(api.told_of(&task).await, ["task.created", "task.deleted"]);
    assert_eq!(restore("\"2\"").await.expect(200).json()["version"], 3);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_restores_nothing() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Gone"})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    let path = format!("{}/restore", alice.task(&task));
    let post = |kind: &'static str, body: &'static str| {
        alice.client.request(Method::POST, &path).body(kind, body.as_bytes().to_vec()).send()
    };
    for (kind, body, status, code) in [
        ("application/json", "{", 400, "json_syntax"),
        ("application/json", "[]", 422, "validation_failed"),
        ("application/json", "{\"version\": \"two\"}", 422, "validation_failed"),
        ("application/json", "{\"title\": \"Better\"}", 422, "validation_failed"),
        ("text/plain", "please", 415, "unsupported_media_type"),
    ] {
        post(kind, body).await.expect_problem(status, code);
    }
    alice.client.get(&path).await.expect_problem(405, "method_not_allowed");
    let nameless = format!("{}/seven/restore", alice.tasks());
    alice.client.post(&nameless, &json!({})).await.expect_problem(404, "not_found");
    assert_eq!(api.told_of(&task).await, ["task.created", "task.deleted"]);
    alice.client.request(Method::POST, &path).send().await.expect(200);
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Once"})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    let (path, key) = (format!("{}/restore", alice.task(&task)), key());
    let restore = || alice.client.request(Method::POST, &path).header("idempotency-key", &key).json(&json!({})).send();
    let first = restore().await.expect(200);
    alice.client.delete(&alice.task(&task)).await.expect(204);
    let again = restore().await.expect(200);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    alice.client.get(&alice.task(&task)).await.expect_problem(404, "not_found");
    let other = alice.client.request(Method::POST, &path).header("idempotency-key", &key).json(&json!({"version": 4}));
    other.send().await.expect_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn anothers_task_and_one_that_never_was_are_not_there() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let task = alice.create(json!({"title": "Private"})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    trail.catch_up(&api).await;
    let restore = |id: String| {
        let path = format!("/api/bob/tasks/{id}/restore");
        let bob = &bob;
        async move { bob.client.post(&path, &json!({})).await }
    };
    restore(task["id"].as_str().unwrap().to_owned()).await.expect_problem(404, "not_found");
    restore("01890a5d-ac96-774b-bcce-b302099a8057".to_owned()).await.expect_problem(404, "not_found");
    let bobs = bob.create(json!({"title": "Mine"})).await["workspace_id"].as_str().unwrap().to_owned();
    assert_eq!(trail.questions(), vec![format!("workspace_ids={bobs}"); 2]);
    alice.client.get(&alice.task(&task)).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn of_concurrent_restores_one_restores() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Once"})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    for restored in futures::future::join_all((0..10).map(|_| restore(&alice, &task))).await {
        assert_eq!(restored["version"], 3);
    }
    assert_eq!(api.told_of(&task).await, ["task.created", "task.deleted", "task.restored"]);
}
