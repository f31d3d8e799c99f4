//! The tokens, both ways.

use platform::config::Secret;
use serde_json::json;

use crate::app::TestApp;
use crate::rig::{Plan, Rig, database, subscribe_to};

fn tokens(settings: &mut sidecar::Settings) {
    settings.dapr_api_token = Some(Secret::new("ours"));
    settings.app_api_token = Some(Secret::new("theirs"));
}

#[tokio::test]
async fn every_call_needs_the_token_except_health() {
    let app = TestApp::start(&json!([])).await;
    let database = database().await;
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { change: tokens, ..Plan::default() }).await;
    let base = rig.base("shop");
    base.ready().await;
    assert_eq!(base.get("/v1.0/healthz/outbound").send().await.unwrap().status(), 204);
    for path in ["/v1.0/publish/pubsub/orders", "/v1.0/invoke/shop/method/x", "/v1.0/shutdown", "/v1.0/state/s", "/x"] {
        for request in [
            base.post(path),
            base.post(path).header("dapr-api-token", "our"),
            base.post(path).header("dapr-api-token", ""),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
            assert_eq!(answer.text().await.unwrap(), "invalid api token");
        }
    }
    let request = base.post("/v1.0/publish/pubsub/orders").header("dapr-api-token", "ours");
    assert_eq!(request.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_app_gets_its_token_on_every_call_and_never_the_callers() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let database = database().await;
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { change: tokens, ..Plan::default() }).await;
    let base = rig.base("shop");
    base.ready().await;
    for path in ["/v1.0/publish/pubsub/orders", "/v1.0/invoke/shop/method/x"] {
        assert!(base.post(path).header("dapr-api-token", "ours").send().await.unwrap().status().is_success());
    }
    for path in ["/dapr/config", "/dapr/subscribe", "/events/orders", "/x"] {
        assert_eq!(app.wait_for(path, 1).await[0].header("dapr-api-token"), Some("theirs"), "{path}");
    }
}
