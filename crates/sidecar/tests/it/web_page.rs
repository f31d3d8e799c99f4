//! A web page in a browser on the same machine gets nowhere.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{Rig, subscribe_to};

#[tokio::test]
async fn a_page_can_neither_publish_nor_stop_the_sidecar() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let foreign = [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example:3500")];
    for path in ["/v1.0/shutdown", "/v1.0/publish/pubsub/orders", "/v1.0/invoke/shop/method/x", "/v1.0/state/s", "/x"] {
        for (name, value) in foreign {
            let request = base.post(path).header("content-type", "text/plain").header(name, value).body("forged");
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path}, {name}: {value}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["errorCode"], "ERR_PERMISSION_DENIED");
            assert!(body["message"].as_str().unwrap().to_lowercase().contains(name), "{body}");
        }
    }
    for (name, value) in foreign {
        assert_eq!(base.get("/v1.0/metadata").header(name, value).send().await.unwrap().status(), 403, "{name}");
    }
    // It still runs, and the only event is the one of a caller that is no page.
    base.publish("orders", &json!("genuine")).await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "genuine");
    assert_eq!((app.received("/events/orders").len(), app.received("/x").len()), (1, 0));
}
