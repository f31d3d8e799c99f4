//! Publishing: what is accepted and what is refused.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

/// Sends a body and returns the status and the error code.
async fn refused(base: &Base, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let answer = base.post(path).header("content-type", content_type).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["message"].is_string(), "{body}");
    (status, body["errorCode"].as_str().unwrap().to_owned())
}

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_by_code() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let json = "application/json";
    let unknown = refused(&base, "/v1.0/publish/other/t", json, "1").await;
    assert_eq!(unknown, error(404, "ERR_PUBSUB_NOT_FOUND"));
    let many: Vec<String> = (0..65).map(|n| format!("metadata.m{n}=1")).collect();
    let much = refused(&base, &format!("/v1.0/publish/pubsub/t?{}", many.join("&")), json, "1").await;
    assert_eq!(much, error(400, "ERR_PUBSUB_REQUEST_METADATA"), "no app could take its headers");
    let flag = refused(&base, "/v1.0/publish/pubsub/t?metadata.rawPayload=zz", json, "1").await;
    assert_eq!(flag, error(400, "ERR_PUBSUB_REQUEST_METADATA"));
    let broken = refused(&base, "/v1.0/publish/pubsub/t", "application/cloudevents+json", "{\"id\":").await;
    assert_eq!(broken, error(500, "ERR_PUBSUB_CLOUD_EVENTS_SER"));
    let large = refused(&base, "/v1.0/publish/pubsub/t", json, vec![b' '; 4 * 1024 * 1024 + 1]).await;
    assert_eq!(large, error(500, "ERR_PUBSUB_PUBLISH_MESSAGE"));
    for path in ["/v1.0/publish/pubsub", "/v1.0/publish/pubsub/"] {
        assert_eq!(refused(&base, path, json, "1").await, error(404, "ERR_DIRECT_INVOKE"), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_newer_shape_has_details() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let body: Value = base.post("/v1.0/publish/other/t").send().await.unwrap().json().await.unwrap();
    assert_eq!(body["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(body["details"][0]["reason"], "DAPR_PUBSUB_NOT_FOUND");
    assert_eq!(body["details"][1]["resource_name"], "other");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_accepted() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let request = base.post("/v1.0/publish/pubsub/t").body(vec![b'a'; 4 * 1024 * 1024]);
    assert_eq!(request.send().await.unwrap().status(), 204);
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
    assert_eq!(refused(&base, "/v1.0/publish/pubsub/secret", "", "1").await, error(403, "ERR_PUBSUB_FORBIDDEN"));
    assert_eq!(refused(&base, "/v1.0/publish/private/a", "", "1").await, error(404, "ERR_PUBSUB_NOT_FOUND"));
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
async fn bulk_entries_arrive_in_order_of_their_key() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    for path in ["/v1.0/publish/bulk/pubsub/orders", "/v1.0-alpha1/publish/bulk/pubsub/orders"] {
        let entries: Vec<Value> = (0..40)
            .map(|n| {
                json!({
                    "entryId": n.to_string(), "event": {"n": n}, "contentType": "application/json",
                    "metadata": {"partitionKey": "k"},
                })
            })
            .collect();
        assert_eq!(base.post(path).json(&entries).send().await.unwrap().status(), 204);
    }
    let received = app.wait_for("/events/orders", 80).await;
    let numbers: Vec<Value> = received.iter().map(|one| one.data()["n"].clone()).collect();
    assert_eq!(numbers, (0..40).chain(0..40).map(Value::from).collect::<Vec<_>>());
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
async fn a_bulk_request_that_cannot_be_read_publishes_nothing() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let entry = |id: &str| json!({"entryId": id, "event": "no", "contentType": "text/plain"});
    let bodies = [json!([entry("1"), entry("1")]), json!([entry("")]), json!({"entryId": "1"}), json!("x")];
    for body in bodies {
        let answer = refused(&base, "/v1.0/publish/bulk/pubsub/orders", "application/json", body.to_string()).await;
        assert_eq!(answer, error(400, "ERR_PUBSUB_EVENTS_SER"), "{body}");
    }
    base.publish("orders?metadata.partitionKey=k", &json!("yes")).await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "yes");
    let empty = base.post("/v1.0/publish/bulk/pubsub/orders").json(&json!([])).send().await.unwrap();
    assert_eq!(empty.status(), 204);
}
