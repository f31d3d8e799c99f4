//! Where a consumer group begins, who shares a broker, and which metadata reach an app.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{PUBSUB, Plan, Rig, database, load};

/// Another component of the broker of [`PUBSUB`].
fn beside(name: &str, metadata: &str) -> String {
    format!(
        "{PUBSUB}---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: {name} }}
spec: {{ type: pubsub.kafka, version: v1, metadata: [{{ name: brokers, value: localhost:9092 }}, {metadata}] }}
"
    )
}

fn live() -> String {
    beside("live", "{ name: initialOffset, value: newest }, { name: consumerGroup, value: 'live-{uuid}' }")
}

fn orders_through(pubsub: &str) -> Value {
    json!([{"pubsubname": pubsub, "topic": "orders", "route": "/events/orders", "deadLetterTopic": "orders.dead"}])
}

fn plan(components: String) -> Plan {
    Plan { components, ..Plan::default() }
}

#[tokio::test]
async fn a_new_group_may_begin_with_what_comes_next_and_finds_its_place_again() {
    let database = database().await;
    let app = TestApp::start(&orders_through("live")).await;
    // Somebody publishes before the app is there; its sidecar is not.
    let before = Rig::start(&database, &[("other", 1)], plan(live())).await;
    for n in 0..40 {
        before.base("other").publish("orders", &json!(n)).await;
    }
    let first = Rig::start(&database, &[("shop", app.port)], plan(live())).await;
    first.base("shop").ready().await;
    first.base("shop").publish("orders?metadata.partitionNumber=3", &json!("first")).await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "first");
    first.stop().await;
    before.base("other").publish("orders?metadata.partitionNumber=3", &json!("meanwhile")).await;
    let again = Rig::start(&database, &[("shop", app.port)], plan(live())).await;
    again.base("shop").ready().await;
    again.base("shop").publish("orders?metadata.partitionNumber=3", &json!("last")).await;
    let received = app.wait_for("/events/orders", 3).await;
    let told: Vec<Value> = received.iter().map(crate::app::Received::data).collect();
    assert_eq!(told, ["first", "meanwhile", "last"], "an app that was away misses nothing");
    assert_eq!(received[0].header("pubsubname"), Some("live"));
    assert_eq!(received[0].event()["pubsubname"], "pubsub", "where it was published");
}

#[tokio::test]
async fn dead_letters_of_one_component_are_those_of_its_broker() {
    let subscriptions = json!([
        {"pubsubname": "live", "topic": "orders", "route": "/events/orders", "deadLetterTopic": "orders.dead"},
        {"pubsubname": "pubsub", "topic": "orders.dead", "route": "/dead"},
    ]);
    let app = TestApp::start(&subscriptions).await;
    app.answer(|one, _| if one.path == "/dead" { 200.into() } else { 404.into() });
    let (_rig, base, _database) = Rig::planned(&app, plan(live())).await;
    base.publish("orders", &json!(1)).await;
    assert_eq!(app.wait_for("/dead", 1).await[0].data(), json!(1));
}

#[tokio::test]
async fn a_component_that_is_added_later_does_not_hide_what_is_there() {
    let database = database().await;
    let before = Rig::start(&database, &[("other", 1)], Plan::default()).await;
    before.base("other").publish("orders", &json!("old")).await;
    before.stop().await;
    let app = TestApp::start(&orders_through("a-first-name")).await;
    let _rig = Rig::start(&database, &[("shop", app.port)], plan(beside("a-first-name", ""))).await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "old");
}

#[tokio::test]
async fn metadata_that_are_excluded_do_not_become_headers() {
    let excluding = PUBSUB.replace("}] }", "}, { name: excludeHeaderMetaRegex, value: '(?i)^(dapr-.*|cookie)$' }] }");
    let app = TestApp::start(&orders_through("pubsub")).await;
    let (_rig, base, _database) = Rig::planned(&app, plan(excluding)).await;
    let metadata = "metadata.Dapr-Caller-App-Id=x&metadata.cookie=x&metadata.mine=x&metadata.partitionKey=k";
    base.publish(&format!("orders?{metadata}"), &json!(1)).await;
    let received = app.wait_for("/events/orders", 1).await.remove(0);
    assert_eq!((received.header("dapr-caller-app-id"), received.header("cookie")), (None, None));
    assert_eq!((received.header("mine"), received.header("__key")), (Some("x"), Some("k")));
}

#[test]
fn what_only_a_real_broker_asks_for_may_be_in_a_secret_store() {
    let secret = |name: &str| format!("{{ name: {name}, secretKeyRef: {{ name: kafka, key: {name} }} }}");
    let documents = beside("other", &format!("{}, {}", secret("brokers"), secret("saslPassword")));
    assert!(load(&documents).is_ok());
}

#[test]
fn mistakes_in_a_pubsub_are_named() {
    for (metadata, reason) in [
        ("{ name: initialOffset, value: latest }", "initialOffset is \"latest\", not oldest or newest"),
        ("{ name: excludeHeaderMetaRegex, value: '(' }", "excludeHeaderMetaRegex: "),
        ("{ name: initialOffset, valeu: newest }", "component other: initialOffset: unknown field `valeu`"),
        ("{ name: initialOffset, value: [newest] }", "component other: initialOffset: its value is a list or a map"),
        (
            "{ name: consumerGroup, envRef: TIDINGS_NO_SUCH_VARIABLE }",
            "component other: consumerGroup: the environment variable TIDINGS_NO_SUCH_VARIABLE (envRef) is not set",
        ),
        (
            "{ name: allowedTopics, secretKeyRef: { name: topics, key: all } }",
            "component other: allowedTopics: it is in a secret store (secretKeyRef topics, all)",
        ),
    ] {
        let error = load(&beside("other", metadata)).expect_err(metadata).to_string();
        assert!(error.contains("all.yaml, document 2: ") && error.contains(reason), "{error}");
    }
}
