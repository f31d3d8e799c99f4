//! Versions: ETag, If-Match, If-None-Match, `version` in the body.

use reqwest::Method;
use serde_json::json;

use crate::harness::Api;

#[tokio::test]
async fn a_stale_version_is_refused_with_the_current_state() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "One"})).await;
    let path = alice.task(&task);
    alice.client.patch(&path, &json!({"title": "Two"})).await.expect(200);

    let patch = |tag: &'static str| {
        alice.client.request(Method::PATCH, &path).header("if-match", tag).json(&json!({"title": "X"}))
    };
    let answer = patch("\"1\"").send().await;
    let problem = answer.expect_problem(412, "version_stale");
    assert_eq!(problem["current"]["title"], "Two");
    assert_eq!(answer.header("etag").unwrap(), "\"2\"");
    for stale in ["\"7\"", "W/\"2\"", "\"two\""] {
        patch(stale).send().await.expect_problem(412, "version_stale");
    }
    alice.client.patch(&path, &json!({"title": "X", "version": 1})).await.expect_problem(412, "version_stale");
    alice
        .client
        .request(Method::DELETE, &path)
        .header("if-match", "\"1\"")
        .send()
        .await
        .expect_problem(412, "version_stale");
    let complete = format!("{path}/complete");
    alice.client.post(&complete, &json!({"version": 1})).await.expect_problem(412, "version_stale");

    patch("\"1\", \"2\"").send().await.expect(200);
    alice.client.patch(&path, &json!({"title": "Y", "version": 3})).await.expect(200);
    patch("*").send().await.expect(200);
    patch("3").send().await.expect_problem(400, "entity_tag_invalid");
}

#[tokio::test]
async fn of_concurrent_changes_of_one_version_one_wins() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "0"})).await;
    let path = alice.task(&task);
    let patches = (1..=10).map(|n| {
        let request = alice.client.request(Method::PATCH, &path).header("if-match", "\"1\"");
        request.json(&json!({"title": n.to_string()})).send()
    });
    let answers = futures::future::join_all(patches).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 9);
}

#[tokio::test]
async fn a_current_copy_is_not_sent_again() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Same"})).await;
    let get = |tag: &'static str| alice.client.request(Method::GET, &alice.task(&task)).header("if-none-match", tag);
    let answer = get("\"1\"").send().await.expect(304);
    assert_eq!((answer.header("etag").unwrap(), answer.body.len()), ("\"1\"", 0));
    get("W/\"1\"").send().await.expect(304);
    get("\"2\"").send().await.expect(200);
}
