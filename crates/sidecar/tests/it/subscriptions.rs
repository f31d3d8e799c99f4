//! Declared and programmatic subscriptions, and what the components folder may say.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{PUBSUB, Plan, Rig, database, load, subscribe_to};

fn declared(version: &str, topic: &str, rest: &str) -> String {
    format!(
        "---
apiVersion: dapr.io/{version}
kind: Subscription
metadata: {{ name: s-{topic} }}
spec: {{ pubsubname: pubsub, topic: {topic}, {rest} }}
"
    )
}

#[tokio::test]
async fn files_declare_subscriptions_and_the_apps_own_word_wins() {
    let components = [
        PUBSUB.to_owned(),
        declared("v2alpha1", "orders", "routes: { default: /declared }"),
        declared("v1alpha1", "old", "route: /old, deadLetterTopic: old.dead"),
        declared("v2alpha1", "new", "routes: { default: /new }") + "scopes: [shop]\n",
        declared("v2alpha1", "theirs", "routes: { default: /theirs }") + "scopes: [other]\n",
    ];
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let database = database().await;
    let plan = Plan { components: components.concat(), ..Plan::default() };
    let rig = Rig::start(&database, &[("shop", app.port)], plan).await;
    let base = rig.base("shop");
    base.ready().await;
    for topic in ["orders", "old", "new", "theirs"] {
        base.publish(topic, &json!(topic)).await;
    }
    for path in ["/events/orders", "/old", "/new"] {
        app.wait_for(path, 1).await;
    }
    let metadata: Value = base.get("/v1.0/metadata").send().await.unwrap().json().await.unwrap();
    let list: Vec<(&Value, &Value, &Value)> = metadata["subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["topic"], &one["rules"][0]["path"], &one["type"]))
        .collect();
    let expected = [
        (&json!("orders"), &json!("/events/orders"), &json!("PROGRAMMATIC")),
        (&json!("old"), &json!("/old"), &json!("DECLARATIVE")),
        (&json!("new"), &json!("/new"), &json!("DECLARATIVE")),
    ];
    assert_eq!(list, expected);
    assert!(app.received("/declared").is_empty());
}

#[tokio::test]
async fn what_is_not_supported_or_not_known_is_left_out_of_the_apps_list() {
    let list = json!([
        {"pubsubname": "pubsub", "topic": "a", "routes": {"rules": [{"match": "true", "path": "/a"}], "default": "/b"}},
        {"pubsubname": "pubsub", "topic": "b", "route": "/b", "bulkSubscribe": {"enabled": true}},
        {"pubsubname": "nowhere", "topic": "c", "route": "/c"},
        {"pubsubname": "pubsub", "topic": "d"},
        {"pubsubname": "pubsub", "topic": "e", "routes": {"default": "/e"}},
    ]);
    let app = TestApp::start(&list).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let metadata: Value = base.get("/v1.0/metadata").send().await.unwrap().json().await.unwrap();
    let topics: Vec<&Value> = metadata["subscriptions"].as_array().unwrap().iter().map(|one| &one["topic"]).collect();
    assert_eq!(topics, [&json!("e")]);
}

#[test]
fn a_mistake_in_a_file_names_file_document_and_reason() {
    let cases = [
        ("{", "YAML"),
        ("kind: Component\n", "apiVersion"),
        ("metadata: { name: x }\n", "kind"),
        (&declared("v2alpha1", "a", "routes: { rules: [{ match: 'true', path: /a }] }"), "routes.rules"),
        (&declared("v2alpha1", "a", "deadLetterTopic: x"), "no route"),
        (&declared("v9", "a", "route: /a"), "v9"),
        (PUBSUB, "two components called pubsub"),
        (
            "apiVersion: v\nkind: Component\nmetadata: { name: f }\nspec: { type: secretstores.local.file }\n",
            "secretsFile",
        ),
        (
            "apiVersion: v\nkind: Component\nmetadata: { name: e }\n\
             spec: { type: secretstores.local.env, metadata: [{ name: prefix, envRef: TIDINGS_NO_SUCH_VARIABLE }] }\n",
            "component e: prefix: the environment variable TIDINGS_NO_SUCH_VARIABLE",
        ),
    ];
    for (document, reason) in cases {
        let document = document.trim_start_matches("---");
        let error = load(&format!("{PUBSUB}\n---\n{document}")).expect_err(document).to_string();
        assert!(error.contains("all.yaml, document 2: ") && error.contains(reason), "{error}");
    }
}

#[test]
fn other_kinds_and_unknown_types_are_passed_over() {
    let documents = "kind: HTTPEndpoint\nspec: 1\n---\n---\nkind: Configuration\n---\n\
        apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: s }\nspec: { type: state.redis, version: v1 }\n";
    assert!(load(documents).is_ok());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let error = sidecar::Resources::load("/nowhere/components").expect_err("there is none").to_string();
    assert!(error.contains("/nowhere/components"), "{error}");
}
