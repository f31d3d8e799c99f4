//! Retries end, as a policy says, and what is left is a dead letter that says why.

use serde_json::json;

use crate::app::{Gate, TestApp, until};
use crate::delivery::{KEYED, all_until_last, with_dead_letters};
use crate::log::number;
use crate::rig::{PUBSUB, Plan, Rig, load, subscribe_to};

const THREE_TIMES: &str = "{ policy: constant, duration: 1ms, maxRetries: 3 }";

fn count(app: &TestApp, data: &str) -> usize {
    app.received("/events/orders").iter().filter(|one| one.data() == data).count()
}

#[tokio::test]
async fn after_the_last_retry_an_event_is_a_dead_letter_and_its_key_goes_on() {
    for (refuses, reason) in [(true, "the app answered 503"), (false, "the app answered RETRY")] {
        let app = TestApp::start(&with_dead_letters()).await;
        let (_rig, base, _database) = Rig::planned(&app, Plan::with_policy(THREE_TIMES, None)).await;
        app.answer(move |one, _| match (one.path.as_str(), one.data() == "poison") {
            ("/events/orders", true) if refuses => 503.into(),
            ("/events/orders", true) => "{\"status\":\"RETRY\"}".into(),
            _ => 200.into(),
        });
        base.publish(&format!("{KEYED}&metadata.mine=x"), &json!("poison")).await;
        all_until_last(&app, &base).await;
        assert_eq!((count(&app, "poison"), count(&app, "last")), (4, 1));
        let dead = app.wait_for("/dead", 1).await.remove(0);
        assert_eq!(dead.body, app.received("/events/orders")[0].body, "the same event, to the byte");
        let says = ["dead-letter-reason", "dead-letter-attempts", "dead-letter-app", "mine", "__key"];
        let expected = [Some(reason), Some("4"), Some("shop"), Some("x"), Some("k")];
        assert_eq!(says.map(|name| dead.header(name)), expected);
    }
}

#[tokio::test]
async fn without_a_policy_one_attempt_is_all() {
    let scoped = format!(
        "{PUBSUB}---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {{ name: resiliency }}
scopes: [another-app]
spec: {{ policies: {{ retries: {{ DefaultRetryPolicy: {THREE_TIMES} }} }} }}
"
    );
    for components in [PUBSUB.to_owned(), scoped] {
        let app = TestApp::start(&with_dead_letters()).await;
        let (_rig, base, _database) = Rig::planned(&app, Plan { components, ..Plan::default() }).await;
        app.answer(|one, _| if one.path != "/dead" && one.data() == "poison" { 503.into() } else { 200.into() });
        base.publish(KEYED, &json!("poison")).await;
        all_until_last(&app, &base).await;
        let dead = app.wait_for("/dead", 1).await.remove(0);
        assert_eq!((count(&app, "poison"), dead.header("dead-letter-attempts")), (1, Some("1")));
    }
}

#[tokio::test]
async fn a_default_policy_needs_no_target() {
    let components = format!(
        "{PUBSUB}---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {{ name: resiliency }}
scopes: [shop]
spec: {{ policies: {{ retries: {{ DefaultPubsubComponentInboundRetryPolicy: {THREE_TIMES} }} }} }}
"
    );
    let app = TestApp::start(&with_dead_letters()).await;
    let (_rig, base, _database) = Rig::planned(&app, Plan { components, ..Plan::default() }).await;
    app.answer(|one, _| if one.path == "/dead" { 200.into() } else { 503.into() });
    base.publish(KEYED, &json!("poison")).await;
    app.wait_for("/dead", 1).await;
    assert_eq!(count(&app, "poison"), 4);
}

#[tokio::test]
async fn without_a_dead_letter_topic_the_log_delivers_for_ever() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let plan = Plan::with_policy("{ policy: constant, duration: 1ms, maxRetries: 1 }", None);
    let (_rig, base, _database) = Rig::planned(&app, plan).await;
    app.answer(|_, before| if before < 9 { 503.into() } else { 200.into() });
    base.publish(KEYED, &json!("stubborn")).await;
    all_until_last(&app, &base).await;
    assert_eq!(count(&app, "stubborn"), 10);
}

#[tokio::test]
async fn only_matching_statuses_are_tried_again() {
    let app = TestApp::start(&with_dead_letters()).await;
    let retry = "{ policy: constant, duration: 1ms, maxRetries: 2, matching: { httpStatusCodes: '429,500-503' } }";
    let (_rig, base, _database) = Rig::planned(&app, Plan::with_policy(retry, None)).await;
    app.answer(|one, _| match one.data().as_u64() {
        Some(status) if one.path != "/dead" => u16::try_from(status).unwrap().into(),
        _ => 200.into(),
    });
    for (status, attempts) in [(400, "1"), (503, "3"), (504, "1"), (429, "3")] {
        base.publish(KEYED, &json!(status)).await;
        let dead = || async { app.received("/dead").iter().any(|one| one.data() == status) };
        assert!(until(dead).await, "{status} is no dead letter");
        assert_eq!(app.received("/dead").last().unwrap().header("dead-letter-attempts"), Some(attempts), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_policy_says_how_long_an_answer_may_take() {
    let app = TestApp::start(&with_dead_letters()).await;
    let plan = Plan::with_policy("{ policy: constant, duration: 1ms, maxRetries: 1 }", Some("100ms"));
    let (_rig, base, _database) = Rig::planned(&app, plan).await;
    let gate = Gate::default();
    let held = gate.clone();
    app.answer(move |one, _| {
        if one.path != "/dead" {
            held.pass();
        }
        200.into()
    });
    base.publish(KEYED, &json!("slow")).await;
    let dead = app.wait_for("/dead", 1).await.remove(0);
    gate.open();
    assert_eq!((count(&app, "slow"), dead.header("dead-letter-attempts")), (2, Some("2")));
    assert!(dead.header("dead-letter-reason").unwrap().contains("timed out"), "{:?}", dead.headers);
}

#[tokio::test]
async fn what_the_app_does_not_want_is_not_tried_again() {
    for (answer, reason) in [("DROP", "the app answered DROP"), ("404", "the app answered 404")] {
        let app = TestApp::start(&with_dead_letters()).await;
        let (_rig, base, _database) = Rig::planned(&app, Plan::with_policy(THREE_TIMES, None)).await;
        app.answer(move |one, _| match (one.path.as_str(), answer) {
            ("/dead", _) => 200.into(),
            (_, "DROP") => "{\"status\":\"DROP\"}".into(),
            _ => 404.into(),
        });
        base.publish(KEYED, &json!("unwanted")).await;
        let dead = app.wait_for("/dead", 1).await.remove(0);
        assert_eq!(count(&app, "unwanted"), 1);
        let says = ["dead-letter-reason", "dead-letter-attempts"].map(|name| dead.header(name));
        assert_eq!(says, [Some(reason), Some("1")]);
    }
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_stored_is_stored_later_and_the_app_is_left_alone() {
    use sea_orm::ConnectionTrait as _;

    let app = TestApp::start(&with_dead_letters()).await;
    let (rig, base, database) = Rig::with(&app).await;
    let owner = database.connect_as_owner().await;
    let constraint = "ALTER TABLE sidecar.messages";
    owner
        .execute_unprepared(&format!("{constraint} ADD CONSTRAINT no_room CHECK (topic <> 'orders.dead')"))
        .await
        .unwrap();
    app.answer(|one, _| if one.path == "/dead" { 200.into() } else { "{\"status\":\"DROP\"}".into() });
    base.publish(KEYED, &json!("unwanted")).await;
    base.publish(KEYED, &json!("behind")).await;
    app.wait_for("/events/orders", 1).await;
    owner.execute_unprepared(&format!("{constraint} DROP CONSTRAINT no_room")).await.unwrap();
    let dead = app.wait_for("/dead", 2).await;
    assert_eq!((dead[0].data(), dead[1].data()), (json!("unwanted"), json!("behind")));
    assert_eq!((count(&app, "unwanted"), count(&app, "behind")), (1, 1));
    assert_eq!(number(&rig.db, "SELECT count(*) FROM sidecar.messages WHERE topic = 'orders.dead'").await, 2);
}

#[test]
fn a_mistake_in_a_policy_is_told_with_its_place() {
    let error = load(&Plan::with_policy("{ policy: often }", None).components).unwrap_err().to_string();
    assert!(error.contains("all.yaml, document 2: policies.retries.again: policy is \"often\""), "{error}");
}
