//! Publishing: what is accepted and what is refused.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

/// Publishes and returns the status and the error code.
async fn refused(base: &Base, path: &str) -> (u16, String) {
    let answer = base.post(path).body("1").send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["errorCode"].as_str().unwrap().to_owned())
}

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn metadata_that_no_app_could_take_as_headers_are_refused() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let many: Vec<String> = (0..65).map(|n| format!("metadata.m{n}=1")).collect();
    let much = refused(&base, &format!("/v1.0/publish/pubsub/t?{}", many.join("&"))).await;
    assert_eq!(much, error(400, "ERR_PUBSUB_REQUEST_METADATA"));
}

const SCOPED: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: pubsub }
spec:
  type: pubsub.kafka
  version: v1
  metadata:
    - { name: publishingScopes, value: 'shop=orders' }
    - { name: subscriptionScopes, value: 'shop=orders' }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: private }
spec: { type: pubsub.redis, version: v1 }
scopes: [other]
";

#[tokio::test]
async fn scopes_decide_who_may_publish_and_subscribe() {
    let app = TestApp::start(&subscribe_to(&["orders", "secret"])).await;
    let database = database().await;
    let plan = Plan { components: SCOPED.to_owned(), ..Plan::default() };
    let rig = Rig::start(&database, &[("shop", app.port), ("other", 1)], plan).await;
    let base = rig.base("shop");
    base.ready().await;
    assert_eq!(refused(&base, "/v1.0/publish/pubsub/secret").await, error(403, "ERR_PUBSUB_FORBIDDEN"));
    assert_eq!(refused(&base, "/v1.0/publish/private/a").await, error(404, "ERR_PUBSUB_NOT_FOUND"));
    rig.base("other").publish("secret", &json!(1)).await;
    base.publish("orders", &json!(2)).await;
    app.wait_for("/events/orders", 1).await;
    let metadata: Value = base.get("/v1.0/metadata").send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["subscriptions"].as_array().unwrap().len(), 1);
    assert_eq!(metadata["components"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn topics_may_hold_slashes_and_paths_are_cleaned() {
    let list = json!([{"pubsubname": "pubsub", "topic": "a/b c", "route": "ab"}]);
    let app = TestApp::start(&list).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let answer = base.request(reqwest::Method::PUT, "//v1.0/publish//pubsub/a/b+c/").body("x").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(app.wait_for("/ab", 1).await[0].event()["topic"], "a/b c");
}

#[tokio::test]
async fn bulk_request_metadata_reach_entries_that_have_their_own() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let entries = json!([
        {"entryId": "1", "event": "a", "contentType": "text/plain", "metadata": {"partitionKey": "k"}},
        {"entryId": "2", "event": "b", "contentType": "text/plain"},
    ]);
    let path = "/v1.0/publish/bulk/pubsub/orders?metadata.cloudevent.type=mine&metadata.partitionKey=k";
    assert_eq!(base.post(path).json(&entries).send().await.unwrap().status(), 204);
    let received = app.wait_for("/events/orders", 2).await;
    assert_eq!((&received[0].event()["type"], &received[0].event()["data"]), (&json!("mine"), &json!("a")));
    assert_eq!(received[1].event()["type"], "com.dapr.event.sent");
}

#[tokio::test]
async fn the_trace_of_the_request_is_the_events() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = base.post("/v1.0/publish/pubsub/orders").header("traceparent", parent).header("tracestate", "a=b");
    assert_eq!(request.body("x").send().await.unwrap().status(), 204);
    let received = app.wait_for("/events/orders", 1).await.remove(0);
    assert_eq!(received.event()["traceparent"], parent);
    assert_eq!(received.event()["tracestate"], "a=b");
    assert_eq!(received.header("traceparent"), Some(parent));
}
