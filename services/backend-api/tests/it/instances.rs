//! `POST /internal/instances` and `/internal/instances/withdraw`: what recurring-task-service asks for.

use chrono::TimeDelta;
use platform::database::begin;
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::harness::{APP_TOKEN, Api};
use crate::trail::Trail;

const SERIES: &str = "01890a5d-ac96-774b-bcce-b302099a8056";

async fn ask(api: &Api, path: &str, body: &Value) -> Answer {
    let request = Client::new(&api.base).request(Method::POST, &format!("/internal/{path}"));
    request.header("dapr-api-token", APP_TOKEN).json(body).send().await
}

async fn outcome(api: &Api, path: &str, body: &Value) -> Value {
    ask(api, path, body).await.expect(200).json()
}

/// The second task of a series of Alice, whose id is chosen now.
async fn instance(api: &Api) -> Value {
    let profile = api.person("alice").client.get("/api/alice/profile").await.expect(200).json();
    json!({
        "id": api.clock.new_id(), "series_id": SERIES, "occurrence": 2, "workspace_id": profile["workspace_id"],
        "user_id": "alice", "title": "Water the plants", "description": "- [ ] hall", "priority": "low",
        "tags": ["home"], "due_date": "2026-02-02T07:00:00Z", "timezone": "Europe/Paris",
        "recurrence": {"text": "every Monday"}, "reminders": [{"before": "PT1H"}, {"at": "2020-01-01T00:00:00Z"}],
        "assignee": "alice", "reporter": "alice",
    })
}

/// The same with an id of the year 2023.
fn chosen_long_ago(mut new: Value, number: u8) -> Value {
    new["id"] = json!(format!("01890a5d-ac96-774b-bcce-b30209900{number:03}"));
    new
}

/// The events of tasks, oldest first.
async fn told(api: &Api) -> Vec<Value> {
    let events = api.events().await.into_iter();
    events.filter(|event| event["event_type"].as_str().unwrap().starts_with("task.")).collect()
}

async fn withdraw(api: &Api, id: &Value, how: &str) -> Value {
    outcome(api, "instances/withdraw", &json!({"id": id, "how": how})).await["outcome"].clone()
}

#[tokio::test]
async fn the_next_task_of_a_series_is_made_and_told_as_recurring() {
    let api = Api::start().await;
    let new = instance(&api).await;
    let request = Client::new(&api.base).request(Method::POST, "/internal/instances").json(&new);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = request.header("dapr-api-token", APP_TOKEN).header("traceparent", trace);
    assert_eq!(request.send().await.expect(200).json(), json!({"outcome": "created"}));

    let alice = api.person("alice");
    let task = alice.client.get(&alice.task(&new)).await.expect(200).json();
    for member in [
        "id",
        "workspace_id",
        "user_id",
        "title",
        "description",
        "priority",
        "tags",
        "due_date",
        "timezone",
        "assignee",
    ] {
        assert_eq!(task[member], new[member], "{member}");
    }
    assert_eq!((&task["recurrence_id"], &task["occurrence"]), (&json!(SERIES), &json!(2)));
    assert_eq!((&task["version"], &task["status"]), (&json!(1), &json!("todo")));
    assert_eq!(task["reminders"], new["reminders"], "past ones are not sent, and no reason to refuse the task");
    assert_eq!(task["recurrence"]["text"], "every Monday");

    let told = told(&api).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event_type"], &told[0]["user_id"]), (&json!("task.created"), &json!("alice")));
    assert_eq!(told[0]["metadata"], json!({"source": "recurring", "version": "1.0"}));
    assert_eq!((&told[0]["task_data"]["id"], &told[0]["task_data"]["occurrence"]), (&new["id"], &json!(2)));
    assert!(told[0]["trace"].as_str().unwrap().starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{}", told[0]);
}

#[tokio::test]
async fn however_often_it_is_asked_for_it_is_made_once() {
    let api = Api::start().await;
    let new = instance(&api).await;
    let at_once = futures::future::join_all((0..8).map(|_| outcome(&api, "instances", &new))).await;
    let made = at_once.iter().filter(|answer| **answer == json!({"outcome": "created"})).count();
    let found = at_once.iter().filter(|answer| **answer == json!({"outcome": "exists"})).count();
    assert_eq!((made, found), (1, 7), "{at_once:?}");

    let alice = api.person("alice");
    let mut other = new.clone();
    other["title"] = json!("Another title");
    assert_eq!(outcome(&api, "instances", &other).await, json!({"outcome": "exists"}));
    alice.client.delete(&alice.task(&new)).await.expect(204);
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "exists"}), "deleted is no reason");
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);
    assert_eq!(told(&api).await.len(), 2, "created, deleted");
}

#[tokio::test]
async fn a_task_that_is_being_changed_is_there_and_nobody_waits_for_another() {
    let api = Api::start().await;
    let new = instance(&api).await;
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
    // Whoever changes the task holds its row, and the workspace's counter after it.
    let held = begin(&api.owner().await).await.unwrap();
    held.execute_unprepared("UPDATE core.tasks SET version = version").await.unwrap();
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "exists"}));
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn what_was_purged_is_not_made_again() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let new = chosen_long_ago(instance(&api).await, 7);
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
    let alice = api.person("alice");
    alice.client.delete(&alice.task(&new)).await.expect(204);
    trail.catch_up(&api).await;
    api.clock.advance(TimeDelta::days(31));
    assert_eq!(api.run_job("purge-deleted-tasks").await, json!({"removed": 1}));
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "exists"}));
    let other = chosen_long_ago(new.clone(), 8);
    assert_eq!(outcome(&api, "instances", &other).await, json!({"outcome": "created"}));
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);

    let question = format!("workspace_ids={}", new["workspace_id"].as_str().unwrap());
    assert_eq!(trail.questions(), vec![question; 3]);
    // Nothing of one that was chosen just now can have been purged.
    let new = instance(&api).await;
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
    assert_eq!(trail.questions().len(), 3);
}

#[tokio::test]
async fn while_the_history_is_away_an_old_one_waits() {
    let api = Api::start().await;
    let old = chosen_long_ago(instance(&api).await, 7);
    ask(&api, "instances", &old).await.expect_problem(503, "service_unavailable");
    let new = instance(&api).await;
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
}

#[tokio::test]
async fn whoever_left_is_left_out() {
    let api = Api::start().await;
    let bob = api.person("bob");
    bob.client.get("/api/bob/profile").await.expect(200);
    for assignee in ["bob", "nobody"] {
        let mut new = instance(&api).await;
        new["assignee"] = json!(assignee);
        new["reporter"] = json!(assignee);
        assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
        let alice = api.person("alice");
        let task = alice.client.get(&alice.task(&new)).await.expect(200).json();
        assert_eq!((&task["assignee"], &task["reporter"]), (&Value::Null, &json!("alice")), "{assignee}");
    }
    let mut new = instance(&api).await;
    new.as_object_mut().unwrap().remove("assignee");
    assert_eq!(outcome(&api, "instances", &new).await, json!({"outcome": "created"}));
}

#[tokio::test]
async fn without_its_user_or_its_workspace_it_is_refused() {
    let api = Api::start().await;
    let bob = api.person("bob").client.get("/api/bob/profile").await.expect(200).json();
    for (member, value) in [
        ("user_id", json!("nobody")),
        ("user_id", json!("bob")),
        ("workspace_id", bob["workspace_id"].clone()),
        ("workspace_id", json!(SERIES)),
    ] {
        let mut new = instance(&api).await;
        new[member] = value;
        let refused = json!({"outcome": "refused", "reason": "not_a_member"});
        assert_eq!(outcome(&api, "instances", &new).await, refused, "{member}");
    }
    for (member, value) in [
        ("title", json!("")),
        ("user_id", json!("a\u{0}")),
        ("timezone", json!("Mars/Olympus")),
        ("reminders", json!(vec![json!({"before": "PT1H"}); 51])),
        ("due_date", json!("+12026-02-02T07:00:00Z")),
    ] {
        let mut new = instance(&api).await;
        new[member] = value;
        let refused = json!({"outcome": "refused", "reason": "task_invalid"});
        assert_eq!(outcome(&api, "instances", &new).await, refused, "{member}");
    }
    let new = instance(&api).await;
    api.owner().await.execute_unprepared("DELETE FROM core.members WHERE user_id = 'alice'").await.unwrap();
    assert_eq!(outcome(&api, "instances", &new).await["reason"], "not_a_member", "alice has left");
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
    assert_eq!(told(&api).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_nobody_has_touched_is_taken_back() {
    let api = Api::start().await;
    let new = instance(&api).await;
    assert_eq!(withdraw(&api, &new["id"], "delete_untouched").await, "gone", "it was never made");
    outcome(&api, "instances", &new).await;
    let at_once = futures::future::join_all((0..4).map(|_| withdraw(&api, &new["id"], "delete_untouched"))).await;
    let withdrawn = at_once.iter().filter(|answer| *answer == "withdrawn").count();
    assert_eq!((withdrawn, at_once.iter().filter(|answer| *answer == "gone").count()), (1, 3), "{at_once:?}");
    let alice = api.person("alice");
    alice.client.get(&alice.task(&new)).await.expect_problem(404, "not_found");
    let told = told(&api).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((&told[1]["event_type"], &told[1]["user_id"]), (&json!("task.deleted"), &json!("alice")));
    assert_eq!(told[1]["metadata"]["source"], "recurring");
    assert_eq!((&told[1]["previous_data"]["version"], &told[1]["task_data"]["version"]), (&json!(1), &json!(2)));
    // And brought back like any other.
    alice.client.post(&format!("{}/restore", alice.task(&new)), &json!({})).await.expect(200);
}

#[tokio::test]
async fn what_somebody_has_touched_stays() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for (verb, body) in [("", json!({"title": "Mine"})), ("/complete", json!({})), ("/archive", json!({}))] {
        let new = instance(&api).await;
        outcome(&api, "instances", &new).await;
        let path = format!("{}{verb}", alice.task(&new));
        let method = if verb.is_empty() { Method::PATCH } else { Method::POST };
        alice.client.request(method, &path).json(&body).send().await.expect(200);
        assert_eq!(withdraw(&api, &new["id"], "delete_untouched").await, "touched", "{verb}");
        alice.client.get(&alice.task(&new)).await.expect(200);
    }
    assert_eq!(api.number("SELECT count(*) FROM core.tasks WHERE deleted_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn what_is_skipped_is_archived_whatever_was_done_to_it() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for touched in [false, true] {
        let new = instance(&api).await;
        outcome(&api, "instances", &new).await;
        if touched {
            alice.client.patch(&alice.task(&new), &json!({"title": "Mine"})).await.expect(200);
        }
        assert_eq!(withdraw(&api, &new["id"], "archive").await, "withdrawn");
        let task = alice.client.get(&alice.task(&new)).await.expect(200).json();
        assert_eq!(task["archived_at"], "2026-01-31T09:00:00Z");
        assert_eq!(withdraw(&api, &new["id"], "archive").await, "gone");
        let told = told(&api).await;
        let last = told.last().unwrap();
        assert_eq!((&last["event_type"], &last["metadata"]["source"]), (&json!("task.archived"), &json!("recurring")));
    }
    let new = instance(&api).await;
    outcome(&api, "instances", &new).await;
    alice.client.delete(&alice.task(&new)).await.expect(204);
    assert_eq!(withdraw(&api, &new["id"], "archive").await, "gone");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let api = Api::start().await;
    let with = |mut new: Value, member: &str, value: Value| {
        new[member] = value;
        new
    };
    let new = instance(&api).await;
    for (path, body, pointer, code) in [
        ("instances", json!({}), "/id", "required"),
        ("instances", with(new.clone(), "id", json!("x")), "/id", "invalid_type"),
        ("instances", with(new.clone(), "occurrence", json!("2")), "/occurrence", "invalid_type"),
        ("instances", with(new.clone(), "colour", json!("red")), "/colour", "unknown_field"),
        ("instances/withdraw", json!({"id": SERIES}), "/how", "required"),
        ("instances/withdraw", json!({"id": SERIES, "how": "burn"}), "/how", "invalid_type"),
        ("instances/withdraw", json!({"id": SERIES, "how": "archive", "as": "alice"}), "/as", "unknown_field"),
    ] {
        let problem = ask(&api, path, &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    let alice = api.person("alice");
    for path in ["/internal/instances", "/internal/instances/withdraw"] {
        alice.client.post(path, &new).await.expect_problem(404, "not_found");
    }
}
