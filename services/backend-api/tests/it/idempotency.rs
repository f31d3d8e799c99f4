//! `Idempotency-Key`: a request is carried out once, however often it is sent.

use platform::config::Variables;
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::harness::{Api, Person, key};

async fn post(person: &Person, path: &str, key: &str, body: &Value) -> Answer {
    person.client.request(Method::POST, path).header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, tasks) = (key(), alice.tasks());
    let first = post(&alice, &tasks, &key, &json!({"title": "Once", "priority": "low"})).await.expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = post(&alice, &tasks, &key, &json!({"priority": "low", "title": "Once"})).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);
    assert_eq!(api.told_of(&first.json()).await, ["task.created"]);
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let (key, tasks) = (key(), alice.tasks());
    let task = post(&alice, &tasks, &key, &json!({"title": "One"})).await.expect(201).json();
    post(&alice, &tasks, &key, &json!({"title": "Two"})).await.expect_problem(422, "idempotency_key_reused");
    let complete = format!("{}/complete", alice.task(&task));
    post(&alice, &complete, &key, &json!({})).await.expect_problem(422, "idempotency_key_reused");
    // Another user's keys are their own.
    post(&bob, &bob.tasks(), &key, &json!({"title": "Three"})).await.expect(201);
}

#[tokio::test]
async fn fifty_at_once_make_one_task() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, tasks, body) = (key(), alice.tasks(), json!({"title": "Once"}));
    let answers = futures::future::join_all((0..50).map(|_| post(&alice, &tasks, &key, &body))).await;
    let (made, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert!(!made.is_empty());
    for answer in &waiting {
        answer.expect_problem(409, "idempotency_in_flight");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let ids: Vec<_> = made.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(made.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE event_type = 'task.created'").await, 1);
}

#[tokio::test]
async fn a_refused_attempt_does_not_burn_the_key() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, tasks) = (key(), alice.tasks());
    let refused = json!({"title": "Mine", "assignee": "nobody"});
    post(&alice, &tasks, &key, &refused).await.expect_problem(422, "validation_failed");
    post(&alice, &tasks, &key, &json!({"title": "Mine"})).await.expect(201);
}

#[tokio::test]
async fn one_request_after_another_is_never_in_flight() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let tasks = alice.tasks();
    for _ in 0..100 {
        let key = key();
        let refused = json!({"title": "Mine", "assignee": "nobody"});
        post(&alice, &tasks, &key, &refused).await.expect_problem(422, "validation_failed");
        post(&alice, &tasks, &key, &json!({"title": "Mine"})).await.expect(201);
        post(&alice, &tasks, &key, &json!({"title": "Mine"})).await.expect(201);
    }
}

#[tokio::test]
async fn keys_survive_a_restart_and_end_after_a_day() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, tasks, body) = (key(), alice.tasks(), json!({"title": "Once"}));
    let first = post(&alice, &tasks, &key, &body).await.expect(201).json();

    let restarted = api.restart(Variables::default()).await;
    let alice = restarted.person("alice");
    let again = post(&alice, &tasks, &key, &body).await.expect(201);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.clone(), Some("true")));

    restarted.clock.advance(chrono::Duration::hours(24));
    let alice = restarted.person("alice");
    let anew = post(&alice, &tasks, &key, &body).await.expect(201).json();
    assert_ne!(anew["id"], first["id"]);
}

#[tokio::test]
async fn verbs_take_keys_too() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "T"})).await;
    let path = format!("{}/complete", alice.task(&task));
    let key = key();
    let first = post(&alice, &path, &key, &json!({})).await.expect(200);
    alice.client.patch(&alice.task(&task), &json!({"title": "Later"})).await.expect(200);
    let again = post(&alice, &path, &key, &json!({})).await.expect(200);
    assert_eq!(again.json(), first.json());
}

#[tokio::test]
async fn a_key_is_visible_ascii() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let long = "k".repeat(256);
    for key in ["", "two words", long.as_str()] {
        let answer = post(&alice, &alice.tasks(), key, &json!({"title": "T"})).await;
        answer.expect_problem(400, "idempotency_key_invalid");
    }
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
}

#[tokio::test]
async fn a_time_zone_that_another_replica_changed_is_taken_and_the_key_is_not_burned() {
    let api = Api::start().await;
    let alice = api.person("alice");
    alice.create(json!({"title": "In UTC"})).await;
    let sql = "UPDATE core.users SET timezone = 'Europe/Berlin' WHERE id = 'alice'";
    api.owner().await.execute_unprepared(sql).await.unwrap();
    let (key, tasks, body) = (key(), alice.tasks(), json!({"title": "In Berlin"}));
    let first = post(&alice, &tasks, &key, &body).await.expect(201);
    assert_eq!((&first.json()["timezone"], first.header("idempotent-replayed")), (&json!("Europe/Berlin"), None));
    let again = post(&alice, &tasks, &key, &body).await.expect(201);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 2);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE event_type = 'task.created'").await, 2);
}
