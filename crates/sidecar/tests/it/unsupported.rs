//! What the embedded sidecar does not do, it says by name.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::Rig;

#[tokio::test]
async fn apis_that_are_not_there_answer_501_by_name() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    for (path, name) in [
        ("/v1.0/state/store", "state"),
        ("/v1.0/bindings/mail", "bindings"),
        ("/v1.0/configuration/store", "configuration"),
        ("/v1.0-alpha1/lock/store", "distributed lock"),
        ("/v1.0-beta1/workflows/dapr/a/start", "workflows"),
        ("/v1.0/actors/t/1/method/m", "actors"),
    ] {
        let answer = base.post(path).send().await.unwrap();
        assert_eq!(answer.status(), 501, "{path}");
        let message = answer.json::<Value>().await.unwrap()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("the {name} API")), "{message}");
    }
}
