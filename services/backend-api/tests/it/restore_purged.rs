//! `POST …/tasks/{id}/restore` after the purge: from the history.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::harness::{Api, Person, key};
use crate::restore::{create_full, lasting};
use crate::trail::Trail;

const JOB: &str = "purge-deleted-tasks";

async fn start() -> (Api, Trail) {
    let (variables, trail) = Trail::start().await;
    (Api::start_with(variables).await, trail)
}

/// Deletes a task of Alice, and purges it a month later.
async fn purge(api: &Api, trail: &Trail, task: &Value) {
    let alice = api.person("alice");
    alice.client.delete(&alice.task(task)).await.expect(204);
    trail.catch_up(api).await;
    api.clock.advance(TimeDelta::days(31));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 1}));
}

async fn restore(person: &Person, task: &Value) -> Answer {
    person.client.post(&format!("{}/restore", person.task(task)), &json!({})).await
}

/// A task that was purged long ago and of which the history says this.
async fn recorded(api: &Api, trail: &Trail, members: Value) -> Value {
    let mine = api.person("alice").create(json!({"title": "Says where I am"})).await;
    let mut task = json!({"user_id": "alice", "title": "Old", "version": 2, "created_at": "2026-01-30T09:00:00Z"});
    task.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    trail.tell(id, &mine["workspace_id"], &task);
    json!({ "id": id })
}

async fn restored_events(api: &Api) -> Vec<Value> {
    let events = api.events().await.into_iter();
    events.filter(|event| event["event_type"] == "task.restored").collect()
}

#[tokio::test]
async fn a_purged_task_is_back_as_it_was() {
    let (api, trail) = start().await;
    let task = create_full(&api.person("alice")).await;
    purge(&api, &trail, &task).await;
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);

    let alice = api.person("alice");
    let restored = restore(&alice, &task).await.expect(200);
    assert_eq!(restored.header("etag"), Some("\"3\""));
    let restored = restored.json();
    assert_eq!(lasting(&restored), lasting(&task));
    assert_eq!(restored["updated_at"], "2026-03-03T09:00:00Z");
    assert_eq!(alice.client.get(&alice.tasks()).await.expect(200).json()["items"], json!([restored]));
    let events = restored_events(&api).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["previous_data"]["deleted_at"], "2026-01-31T09:00:00Z");
    assert_eq!((&events[0]["previous_data"]["version"], &events[0]["task_data"]["version"]), (&json!(2), &json!(3)));
    assert_eq!(events[0]["metadata"]["source"], "restore");
    // It is a task like any other again.
    alice.client.patch(&alice.task(&task), &json!({"title": "New"})).await.expect(200);
}

#[tokio::test]
async fn without_its_keeper_the_history_cannot_be_asked() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let key = key();
    let path = format!("{}/01890a5d-ac96-774b-bcce-b302099a8057/restore", alice.tasks());
    let restore = || alice.client.request(Method::POST, &path).header("idempotency-key", &key).send();
    for _ in 0..2 {
        let answer = restore().await;
        answer.expect_problem(503, "service_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn a_refused_attempt_does_not_burn_the_key_and_a_repetition_asks_nobody() {
    let (api, trail) = start().await;
    let task = json!({"id": "01890a5d-ac96-774b-bcce-b302099a8057"});
    let (alice, key) = (api.person("alice"), key());
    let path = format!("{}/restore", alice.task(&task));
    let restore = || alice.client.request(Method::POST, &path).header("idempotency-key", &key).send();
    restore().await.expect_problem(404, "not_found");
    recorded(&api, &trail, json!({})).await;
    let first = restore().await.expect(200);
    let again = restore().await.expect(200);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    assert_eq!((trail.questions().len(), restored_events(&api).await.len()), (2, 1));
}

#[tokio::test]
async fn what_an_older_producer_did_not_know_takes_its_default() {
    let (api, trail) = start().await;
    let task = recorded(&api, &trail, json!({"colour": "of a newer producer"})).await;
    let restored = restore(&api.person("alice"), &task).await.expect(200).json();
    let expected = json!({
        "id": task["id"], "title": "Old", "description": "", "status": "todo", "completed": false, "priority": "none",
        "tags": [], "timezone": "UTC", "reminders": [], "reporter": "alice", "version": 3,
        "created_at": "2026-01-30T09:00:00Z",
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(restored[member], *value, "{member}");
    }
}

#[tokio::test]
async fn a_state_that_breaks_the_rules_of_today_is_a_conflict() {
    let (api, trail) = start().await;
    for (members, pointer, code) in [
        (json!({"title": "x".repeat(501)}), "/title", "title_too_long"),
        (json!({"status": "waiting"}), "/status", "status_unknown"),
        (json!({"version": 0}), "/version", "number_invalid"),
        (json!({"tags": "home"}), "", "unreadable"),
    ] {
        let task = recorded(&api, &trail, members).await;
        let problem = restore(&api.person("alice"), &task).await.expect_problem(409, "task_not_restorable");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    assert_eq!(restored_events(&api).await.len(), 0);
    assert_eq!(api.number("SELECT count(*) FROM core.tasks WHERE title <> 'Says where I am'").await, 0);
}

#[tokio::test]
async fn people_who_are_gone_are_cleared() {
    let (api, trail) = start().await;
    api.person("bob").create(json!({"title": "Bob is known, and no member of Alice's workspace"})).await;
    for assignee in ["bob", "a ghost"] {
        let members = json!({"assignee": assignee, "reporter": "a ghost", "user_id": "a ghost"});
        let task = recorded(&api, &trail, members).await;
        let restored = restore(&api.person("alice"), &task).await.expect(200).json();
        let people = ["assignee", "reporter", "user_id"].map(|member| restored[member].clone());
        assert_eq!(people, [Value::Null, json!("alice"), json!("alice")], "{assignee}");
        trail.catch_up(&api).await;
        purge(&api, &trail, &task).await;
    }
}

#[tokio::test]
async fn a_stale_version_is_refused_with_what_the_history_has() {
    let (api, trail) = start().await;
    let task = recorded(&api, &trail, json!({})).await;
    let alice = api.person("alice");
    let path = format!("{}/restore", alice.task(&task));
    let problem = alice.client.post(&path, &json!({"version": 1})).await.expect_problem(412, "version_stale");
    assert_eq!((&problem["current"]["version"], &problem["current"]["title"]), (&json!(2), &json!("Old")));
    assert_eq!(api.number("SELECT count(*) FROM core.tasks WHERE title = 'Old'").await, 0);
    alice.client.post(&path, &json!({"version": 2})).await.expect(200);
}

#[tokio::test]
async fn a_deletion_in_a_workspace_of_somebody_else_is_not_believed() {
    let (api, trail) = start().await;
    let bobs = api.person("bob").create(json!({"title": "Bob's"})).await;
    let task = recorded(&api, &trail, json!({})).await;
    let bobs_task = json!({"user_id": "bob", "title": "B", "version": 2, "created_at": "2026-01-30T09:00:00Z"});
    trail.tell(task["id"].as_str().unwrap(), &bobs["workspace_id"], &bobs_task);
    restore(&api.person("alice"), &task).await.expect_problem(404, "not_found");
    restore(&api.person("bob"), &task).await.expect(200);
}

#[tokio::test]
async fn of_concurrent_restores_from_the_history_one_restores() {
    let (api, trail) = start().await;
    let task = recorded(&api, &trail, json!({})).await;
    let alice = api.person("alice");
    for answer in futures::future::join_all((0..10).map(|_| restore(&alice, &task))).await {
        assert_eq!(answer.expect(200).json()["version"], 3);
    }
    assert_eq!(restored_events(&api).await.len(), 1);
    assert_eq!(api.number("SELECT count(*) FROM core.tasks WHERE title = 'Old'").await, 1);
}

#[tokio::test]
async fn a_restore_that_meets_the_purge_ends_in_one_living_task() {
    let (api, trail) = start().await;
    let alice = api.person("alice");
    let mut tasks = Vec::new();
    for n in 0..20 {
        let task = alice.create(json!({"title": n.to_string()})).await;
        alice.client.delete(&alice.task(&task)).await.expect(204);
        tasks.push(task);
    }
    trail.catch_up(&api).await;
    api.clock.advance(TimeDelta::days(31));
    let alice = api.person("alice");
    let restores =
        futures::future::join_all(tasks.iter().flat_map(|task| [restore(&alice, task), restore(&alice, task)]));
    let purges = futures::future::join_all((0..3).map(|_| api.run_job(JOB)));
    let (answers, _) = tokio::join!(restores, purges);
    for answer in answers {
        assert_eq!(answer.expect(200).json()["version"], 3);
    }
    assert_eq!(restored_events(&api).await.len(), 20);
    assert_eq!(api.number("SELECT count(*) FROM core.tasks WHERE deleted_at IS NULL").await, 20);
}
