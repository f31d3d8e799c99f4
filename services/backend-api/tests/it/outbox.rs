//! While the sidecar is away: requests succeed, events wait, and readiness says so without giving up.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Client, Request};

use crate::account::ada;
use crate::harness::Api;

#[tokio::test]
async fn events_wait_and_the_service_stays_ready() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for n in 0..5 {
        alice.create(json!({"title": n.to_string()})).await;
    }
    let anyone = Client::new(&api.base);
    let health = anyone.get("/health").await.expect(200).json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["database"]["status"], "up");
    assert_eq!(health["sidecar"]["status"], "down");
    assert_eq!(health["outbox"]["pending"], 6);
    assert!(health["version"].is_string());
    anyone.get("/readyz").await.expect(200);
    anyone.get("/livez").await.expect(200);
    api.clock.advance(chrono::Duration::seconds(90));
    assert_eq!(anyone.get("/health").await.expect(200).json()["outbox"]["oldest_age_seconds"], 90);
    let metrics = anyone.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("outbox_pending") && metrics.contains("http_request_duration_seconds"), "{metrics}");
}

#[tokio::test]
async fn the_trace_of_the_request_goes_with_its_events() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = |request: Request, body: Value| request.header("traceparent", trace).json(&body).send();
    let first_sight = alice.client.request(Method::POST, &alice.tasks());
    traced(first_sight, json!({"title": "Traced"})).await.expect(201);
    let anyone = Client::new(&api.base);
    traced(anyone.request(Method::POST, "/api/auth/register"), ada()).await.expect(201);
    let events = api.events().await;
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.created", "task.created", "user.created"]);
    for event in events {
        let trace = event["trace"].as_str().unwrap_or_default();
        assert!(trace.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{event}");
    }
}
