//! Secrets over HTTP.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{Base, PUBSUB, Plan, Rig, database};

fn stores(file: &str) -> String {
    format!(
        "{PUBSUB}---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: file }}
spec: {{ type: secretstores.local.file, version: v1, metadata: [{{ name: secretsFile, value: '{file}' }}] }}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: env }}
spec: {{ type: secretstores.local.env, version: v1, metadata: [{{ name: prefix, value: CARGO_PKG_ }}] }}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: theirs }}
spec: {{ type: secretstores.local.env, version: v1 }}
scopes: [other]
"
    )
}

async fn ask(base: &Base, path: &str) -> (u16, Value) {
    let answer = base.get(&format!("/v1.0/secrets/{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn secrets_are_found_missing_or_of_an_unknown_store() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}.json", platform::random::Random::system().uuid()));
    std::fs::write(&file, r#"{"a": "1", "b": {"c": "2", "d": [3]}}"#).unwrap();
    let app = TestApp::start(&json!([])).await;
    let database = database().await;
    let components = stores(file.to_str().unwrap());
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { components, ..Plan::default() }).await;
    std::fs::remove_file(&file).unwrap();
    let base = rig.base("shop");
    assert_eq!(ask(&base, "file/a").await, (200, json!({"a": "1"})));
    assert_eq!(ask(&base, "file/b:c").await, (200, json!({"b:c": "2"})));
    assert_eq!(ask(&base, "file/bulk").await.1, json!({"a": {"a": "1"}, "b:c": {"b:c": "2"}, "b:d:0": {"b:d:0": "3"}}));
    assert_eq!(ask(&base, "env/NAME").await, (200, json!({"NAME": "sidecar"})));
    assert_eq!(ask(&base, "env/bulk").await.1["NAME"], json!({"NAME": "sidecar"}));
    for (path, status, code) in [
        ("file/none", 500, "ERR_SECRET_GET"),
        ("nowhere/a", 401, "ERR_SECRET_STORE_NOT_FOUND"),
        ("theirs/a", 401, "ERR_SECRET_STORE_NOT_FOUND"),
    ] {
        let (given, body) = ask(&base, path).await;
        assert_eq!((given, &body["errorCode"]), (status, &json!(code)), "{path}");
    }
}

#[tokio::test]
async fn without_any_store_there_is_nothing_to_ask() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let (status, body) = ask(&base, "file/a").await;
    assert_eq!((status, &body["errorCode"]), (500, &json!("ERR_SECRET_STORES_NOT_CONFIGURED")));
}
