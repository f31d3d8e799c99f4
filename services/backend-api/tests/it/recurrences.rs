//! `/api/{user_id}/recurrences`: which series there are, and how one is stopped and an occurrence skipped.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, Request};

use crate::harness::{APP_TOKEN, Api, Person, key};
use crate::trail::Trail;

const PATH: &str = "/api/alice/recurrences";
const NOWHERE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

async fn start() -> (Api, Trail, Person) {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    (api, trail, alice)
}

async fn workspace(person: &Person) -> Value {
    person.client.get(&format!("/api/{}/profile", person.id)).await.expect(200).json()["workspace_id"].clone()
}

/// A task of that series of a person, as recurring-task-service has it made.
pub(crate) async fn instance(api: &Api, person: &Person, series: &str, occurrence: i32) -> Value {
    let new = json!({
        "id": api.clock.new_id(), "series_id": series, "occurrence": occurrence, "workspace_id": workspace(person).await,
        "user_id": person.id, "title": "Water the plants", "description": "", "priority": "none", "tags": [],
        "due_date": "2026-02-02T07:00:00Z", "timezone": "UTC", "recurrence": {"text": "every Monday"},
        "reminders": [], "reporter": person.id,
    });
    let client = testkit::http::Client::new(&api.base);
    let request = client.request(Method::POST, "/internal/instances").header("dapr-api-token", APP_TOKEN);
    request.json(&new).send().await.expect(200);
    person.client.get(&person.task(&new)).await.expect(200).json()
}

async fn skip(person: &Person, id: &str, body: &Value) -> Answer {
    person.client.post(&format!("{PATH}/{id}/skip"), body).await
}

#[tokio::test]
async fn series_are_told_as_they_are_kept() {
    let (_api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    let page = alice.client.get(PATH).await.expect(200).json();
    let mut expected = trail.recurring.shown(&id);
    for absent in ["reason", "next_due"] {
        expected[absent] = Value::Null;
    }
    assert_eq!(page["items"], json!([expected]));
    assert_eq!(alice.client.get(&format!("{PATH}/{id}")).await.expect(200).json(), expected);
    for (member, value) in
        [("reason", json!("task_deleted")), ("next_due", json!("2026-02-09T07:00:00Z")), ("task_id", Value::Null)]
    {
        trail.recurring.set(&id, member, value.clone());
        let told = alice.client.get(&format!("{PATH}/{id}")).await.expect(200).json();
        assert_eq!(told[member], value);
    }
}

#[tokio::test]
async fn they_are_asked_for_the_workspaces_of_the_user_and_nothing_else() {
    let (api, trail, alice) = start().await;
    let bob = api.person("bob");
    let (mine, bobs) = (workspace(&alice).await, workspace(&bob).await);
    let theirs = trail.recurring.begin(&bobs);
    let query = format!("{PATH}?status=active&limit=7");
    let answer = alice.client.get(&query).await.expect(200);
    assert_eq!(answer.json()["items"], json!([]));
    let cursor = answer.json()["next_cursor"].as_str().unwrap().to_owned();
    let asked = json!({"workspace_ids": mine, "status": "active", "limit": "7"});
    assert_eq!(trail.recurring.take_asked(), [("list".to_owned(), asked)]);

    let next = answer.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(next, format!("{query}&cursor={cursor}"));
    let last = alice.client.get(&next).await.expect(200);
    assert_eq!((&last.json()["next_cursor"], last.header("link")), (&Value::Null, None));
    assert_eq!(trail.recurring.take_asked()[0].1["after"], "its own place");
    // The cursor is of these filters, and of this user.
    alice.client.get(&format!("{PATH}?cursor={cursor}")).await.expect_problem(400, "cursor_invalid");
    let of_bob = query.replace("alice", "bob");
    bob.client.get(&format!("{of_bob}&cursor={cursor}")).await.expect_problem(400, "cursor_invalid");
    assert_eq!(trail.recurring.take_asked(), []);

    for id in [theirs.as_str(), NOWHERE, "seven"] {
        let one = format!("{PATH}/{id}");
        alice.client.get(&one).await.expect_problem(404, "not_found");
        alice.client.delete(&one).await.expect_problem(404, "not_found");
        alice.client.patch(&one, &json!({"title": "Mine"})).await.expect_problem(404, "not_found");
        skip(&alice, id, &json!({})).await.expect_problem(404, "not_found");
    }
    assert_eq!((trail.recurring.shown(&theirs)["occurrence"].as_i64(), api.events().await.len()), (Some(1), 2));
}

#[tokio::test]
async fn a_series_is_there_with_its_task_also_before_its_event_came() {
    let (api, trail, alice) = start().await;
    let bob = api.person("bob");
    for (method, path, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some(json!({"title": "Water the ferns"}))),
        (Method::POST, "/skip", Some(json!({"occurrence": 1}))),
        (Method::DELETE, "", None),
    ] {
        let task = alice.create(json!({"title": "Water the plants", "recurrence": {"text": "every Monday"}})).await;
        let one = format!("{PATH}/{}", task["id"].as_str().unwrap());
        bob.client.get(&one.replace("alice", "bob")).await.expect_problem(404, "not_found");
        trail.recurring.take_asked();
        let sequence = api.events().await.iter().filter(|event| event["user_id"] == "alice").count();
        let request = body.iter().fold(alice.client.request(method.clone(), &format!("{one}{path}")), Request::json);
        let answer = request.send().await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.status);
        let asked = trail.recurring.take_asked();
        assert_eq!(asked[0].1.get("begin"), None, "only one that is not there needs to begin");
        let begin = &asked[1].1["begin"];
        assert_eq!((&asked[0].0, &begin["task"]["id"]), (&asked[1].0, &task["id"]));
        assert_eq!(begin["sequence"], sequence);
    }
    // One that was changed since has more to be heard of, and one that does not repeat begins none.
    let changed = alice.create(json!({"title": "Changed", "recurrence": {"text": "every Monday"}})).await;
    alice.client.patch(&alice.task(&changed), &json!({"title": "Again"})).await.expect(200);
    let once = alice.create(json!({"title": "Once"})).await;
    for task in [changed, once] {
        let one = format!("{PATH}/{}", task["id"].as_str().unwrap());
        alice.client.get(&one).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let (_api, trail, alice) = start().await;
    for (query, pointer, code) in [
        ("status=paused", "/status", "status_unknown"),
        ("status=", "/status", "status_unknown"),
        ("limit=201", "/limit", "limit_invalid"),
        ("colour=red", "/colour", "unknown_parameter"),
    ] {
        let problem = alice.client.get(&format!("{PATH}?{query}")).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    for status in ["active", "stopped", "ended"] {
        alice.client.get(&format!("{PATH}?status={status}")).await.expect(200);
    }
    assert_eq!(trail.recurring.take_asked().len(), 3);
}

#[tokio::test]
async fn a_series_that_is_stopped_leaves_tasks_that_do_not_repeat() {
    let (api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    let (done, open) = (instance(&api, &alice, &id, 1).await, instance(&api, &alice, &id, 2).await);
    alice.client.post(&format!("{}/complete", alice.task(&done)), &json!({})).await.expect(200);
    let other = alice.create(json!({"title": "Another", "recurrence": {"text": "every day"}})).await;
    let before = api.events().await.len();
    trail.recurring.take_asked();

    for _ in 0..2 {
        alice.client.delete(&format!("{PATH}/{id}")).await.expect(204);
    }
    let verbs: Vec<_> = trail.recurring.take_asked().into_iter().map(|(verb, _)| verb).collect();
    assert_eq!(verbs, ["stop", "stop"]);
    assert_eq!(trail.recurring.shown(&id)["status"], "stopped");
    let task = alice.client.get(&alice.task(&open)).await.expect(200).json();
    assert_eq!((&task["recurrence"], &task["recurrence_id"]), (&Value::Null, &json!(id)));
    for kept in [&done, &other] {
        assert!(alice.client.get(&alice.task(kept)).await.expect(200).json()["recurrence"].is_object());
    }
    let told = &api.events().await[before..];
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event_type"], &told[0]["task_data"]["id"]), (&json!("task.updated"), &open["id"]));
    assert_eq!(told[0]["metadata"], json!({"source": "rest_api", "version": "1.0"}));
}

#[tokio::test]
async fn a_task_that_is_reopened_does_not_repeat_when_its_series_is_over() {
    let (api, trail, alice) = start().await;
    let post = async |task: &Value, verb: &str| {
        alice.client.post(&format!("{}/{verb}", alice.task(task)), &json!({})).await.expect(200).json()
    };
    let id = trail.recurring.begin(&workspace(&alice).await);
    let (first, second) = (instance(&api, &alice, &id, 1).await, instance(&api, &alice, &id, 2).await);
    post(&first, "complete").await;
    assert!(post(&first, "reopen").await["recurrence"].is_object(), "its series goes on");
    post(&first, "complete").await;
    // Whoever takes the recurrence from the latest task, or stops the series, ends it.
    alice.client.patch(&alice.task(&second), &json!({"recurrence": null})).await.expect(200);
    let reopened = post(&first, "reopen").await;
    assert_eq!((&reopened["recurrence"], &reopened["recurrence_id"]), (&Value::Null, &json!(id)));
    assert_eq!(alice.client.get(&alice.task(&first)).await.expect(200).json(), reopened);
    let told = api.events().await.pop().unwrap();
    assert_eq!((&told["event_type"], told["task_data"].get("recurrence")), (&json!("task.reopened"), None));

    for patch in [json!({"completed": false}), json!({"status": "in_progress"})] {
        let id = trail.recurring.begin(&workspace(&alice).await);
        let (first, second) = (instance(&api, &alice, &id, 1).await, instance(&api, &alice, &id, 2).await);
        for task in [&first, &second] {
            post(task, "complete").await;
        }
        // One that was put away before it was done keeps its recurrence, and tells nothing of the series.
        post(&instance(&api, &alice, &id, 3).await, "archive").await;
        alice.client.delete(&format!("{PATH}/{id}")).await.expect(204);
        for task in [&first, &second] {
            let reopened = alice.client.patch(&alice.task(task), &patch).await.expect(200).json();
            assert_eq!(reopened["recurrence"], Value::Null, "{patch}");
        }
    }
}

#[tokio::test]
async fn the_latest_occurrence_is_skipped_and_no_other() {
    let (_api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    assert_eq!(skip(&alice, &id, &json!({})).await.expect(200).json()["occurrence"], 2);
    let last = trail.recurring.take_asked().pop().unwrap();
    assert_eq!((last.0.as_str(), &last.1["occurrence"]), ("skip", &Value::Null));

    let second = json!({"occurrence": 2});
    assert_eq!(skip(&alice, &id, &second).await.expect(200).json()["occurrence"], 3);
    let problem = skip(&alice, &id, &second).await.expect_problem(409, "occurrence_over");
    assert_eq!(problem["detail"], "Read the series again.");
    assert_eq!(trail.recurring.shown(&id)["occurrence"], 3);
    trail.recurring.set(&id, "status", json!("ended"));
    skip(&alice, &id, &json!({})).await.expect_problem(409, "series_over");
    for (body, pointer, code) in [
        (json!({"occurrence": 0}), "/occurrence", "occurrence_invalid"),
        (json!({"occurrence": "2"}), "/occurrence", "invalid_type"),
        (json!({"occurrence": 4_000_000_000_u32}), "/occurrence", "invalid_type"),
        (json!({"until": "2027-01-01"}), "/until", "unknown_field"),
    ] {
        let problem = skip(&alice, &id, &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
}

#[tokio::test]
async fn a_repetition_skips_nothing_and_a_refusal_does_not_burn_the_key() {
    let (_api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    let key = key();
    let send = |occurrence: i32| {
        let request = alice.client.request(Method::POST, &format!("{PATH}/{id}/skip"));
        request.header("idempotency-key", &key).json(&json!({ "occurrence": occurrence })).send()
    };
    send(7).await.expect_problem(409, "occurrence_over");
    let first = send(1).await.expect(200);
    assert_eq!(first.header("idempotent-replayed"), None);
    trail.recurring.take_asked();
    let again = send(1).await.expect(200);
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), first.json()));
    assert_eq!(trail.recurring.take_asked(), []);
    send(2).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!(trail.recurring.shown(&id)["occurrence"], 2);
}

#[tokio::test]
async fn a_skip_whose_answer_is_lost_is_the_same_when_it_is_asked_for_again() {
    let (_api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    let (one, other) = (key(), key());
    let send = |key: &str| {
        let request = alice.client.request(Method::POST, &format!("{PATH}/{id}/skip"));
        request.header("idempotency-key", key).json(&json!({})).send()
    };
    trail.recurring.loses_answers(true);
    for _ in 0..2 {
        send(&one).await.expect_problem(503, "service_unavailable");
    }
    trail.recurring.loses_answers(false);
    assert_eq!(
        send(&one).await.expect(200).json()["occurrence"],
        2,
        "whichever was the latest when it was asked first"
    );
    assert_eq!(send(&other).await.expect(200).json()["occurrence"], 3);

    // Without a key each request is one of its own; what the sidecars repeat is still recognised.
    trail.recurring.take_asked();
    for _ in 0..2 {
        skip(&alice, &id, &json!({})).await.expect(200);
    }
    let asked = trail.recurring.take_asked();
    assert_ne!(asked[0].1["key"], asked[1].1["key"]);
    assert_eq!(trail.recurring.shown(&id)["occurrence"], 5);
}

#[tokio::test]
async fn of_requests_at_once_with_one_key_one_skips() {
    let (_api, trail, alice) = start().await;
    let id = trail.recurring.begin(&workspace(&alice).await);
    let key = key();
    let send = || {
        let request = alice.client.request(Method::POST, &format!("{PATH}/{id}/skip"));
        request.header("idempotency-key", &key).json(&json!({})).send()
    };
    for answer in futures::future::join_all((0..6).map(|_| send())).await {
        let told = (answer.status.as_u16(), answer.json()["code"].clone());
        let expected = [(200, Value::Null), (409, json!("idempotency_in_flight"))];
        assert!(expected.contains(&told), "{told:?}");
    }
    assert_eq!(send().await.expect(200).json()["occurrence"], 2);
}

#[tokio::test]
async fn while_their_keeper_is_away_it_is_said_so() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let one = format!("{PATH}/{NOWHERE}");
    for (method, path, body) in [
        (Method::GET, PATH, None),
        (Method::GET, one.as_str(), None),
        (Method::DELETE, &one, None),
        (Method::PATCH, &one, Some(json!({"title": "x"}))),
        (Method::POST, &format!("{one}/skip"), Some(json!({}))),
    ] {
        let request = alice.client.request(method, path);
        let request = body.iter().fold(request, Request::json);
        let answer = request.send().await;
        answer.expect_problem(503, "service_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
    }
}
