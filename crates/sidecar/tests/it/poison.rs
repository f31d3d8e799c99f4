//! One event that fails delays its own key, and nothing else; nothing is lost or out of order for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::app::{Gate, Received, TestApp, until};
use crate::delivery::with_dead_letters;
use crate::log::number;
use crate::rig::{Base, Plan, Rig, subscribe_to};

/// Publishes to one partition, whatever the key.
async fn publish(base: &Base, key: &str, data: &Value) {
    base.publish(&format!("orders?metadata.partitionNumber=0&metadata.partitionKey={key}"), data).await;
}

fn delivered(app: &TestApp, data: &Value) -> usize {
    app.received("/events/orders").iter().filter(|one| one.data() == *data).count()
}

async fn until_delivered(app: &TestApp, data: &Value, count: usize) {
    assert!(until(|| async { delivered(app, data) >= count }).await, "{data} was not delivered {count} times");
}

#[tokio::test]
async fn other_keys_of_the_partition_go_on_while_one_fails() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    app.answer(|one, _| if one.data() == "poison" { 503.into() } else { 200.into() });
    publish(&base, "a", &json!("poison")).await;
    publish(&base, "a", &json!("behind")).await;
    until_delivered(&app, &json!("poison"), 2).await;
    for n in 0..50 {
        publish(&base, &format!("b{}", n % 5), &json!(n)).await;
    }
    for n in 0..50 {
        until_delivered(&app, &json!(n), 1).await;
    }
    let so_far = delivered(&app, &json!("poison"));
    until_delivered(&app, &json!("poison"), so_far + 1).await;
    assert_eq!(delivered(&app, &json!("behind")), 0);
    app.answer(|_, _| 200.into());
    until_delivered(&app, &json!("behind"), 1).await;
}

#[tokio::test]
async fn its_own_key_goes_on_when_the_retries_are_over() {
    let app = TestApp::start(&with_dead_letters()).await;
    let retry = "{ policy: constant, duration: 1ms, maxRetries: 5 }";
    let (_rig, base, _database) = Rig::planned(&app, Plan::with_policy(retry, None)).await;
    app.answer(|one, _| if one.path != "/dead" && one.data() == "poison" { 500.into() } else { 200.into() });
    for data in ["poison", "behind"] {
        publish(&base, "a", &json!(data)).await;
    }
    until_delivered(&app, &json!("behind"), 1).await;
    let order: Vec<Value> = app.received("/events/orders").iter().map(Received::data).collect();
    assert_eq!(order, [["poison"; 6].as_slice(), &["behind"]].concat());
    assert_eq!(app.wait_for("/dead", 1).await[0].data(), "poison");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_keys_go_on_while_the_app_ponders_one() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let gate = Gate::default();
    let held = gate.clone();
    app.answer(move |one, _| {
        if one.data() == "slow" {
            held.pass();
        }
        200.into()
    });
    publish(&base, "a", &json!("slow")).await;
    publish(&base, "a", &json!("behind")).await;
    for n in 0..10 {
        publish(&base, "b", &json!(n)).await;
    }
    until_delivered(&app, &json!(9), 1).await;
    assert_eq!(delivered(&app, &json!("behind")), 0);
    gate.open();
    until_delivered(&app, &json!("behind"), 1).await;
}

#[tokio::test]
async fn every_key_keeps_its_order_and_loses_nothing_whatever_fails() {
    const KEYS: usize = 7;
    const EACH: usize = 40;
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let plan = Plan::with_policy("{ policy: constant, duration: 2ms, maxRetries: 2 }", None);
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    let taken: Arc<Mutex<BTreeMap<String, Vec<Value>>>> = Arc::default();
    let (log, random) = (Arc::clone(&taken), platform::random::Random::seeded(7));
    app.answer(move |one, _| match random.bytes::<1>()[0] % 8 {
        0 => 503.into(),
        1 => "{\"status\":\"RETRY\"}".into(),
        2 => 429.into(),
        _ => {
            let key = one.header("__key").unwrap_or_default().to_owned();
            log.lock().unwrap().entry(key).or_default().push(one.data());
            200.into()
        }
    });
    for n in 0..EACH {
        for key in 0..KEYS {
            base.publish(
                &format!("orders?metadata.partitionNumber={}&metadata.partitionKey=k{key}", key % 2),
                &json!(n),
            )
            .await;
        }
    }
    let all = || async { taken.lock().unwrap().values().map(Vec::len).sum::<usize>() >= KEYS * EACH };
    assert!(until(all).await, "events were lost");
    let expected: Vec<Value> = (0..EACH).map(Value::from).collect();
    for (key, events) in taken.lock().unwrap().iter() {
        assert_eq!(*events, expected, "{key}");
    }
    let positions = "SELECT coalesce(sum(next_offset), 0)::bigint FROM sidecar.positions";
    let finished = || async { number(&rig.db, positions).await == i64::try_from(KEYS * EACH).unwrap() };
    assert!(until(finished).await, "everything is dealt with");
}

#[tokio::test]
async fn a_restart_begins_at_the_lowest_event_that_is_unfinished() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (rig, base, database) = Rig::with(&app).await;
    app.answer(|one, _| if one.data() == "poison" { 503.into() } else { 200.into() });
    for (key, data) in
        [("b", json!(0)), ("a", json!("poison")), ("b", json!(1)), ("a", json!("behind")), ("b", json!(2))]
    {
        publish(&base, key, &data).await;
    }
    until_delivered(&app, &json!(2), 1).await;
    let position = "SELECT next_offset FROM sidecar.positions WHERE partition = 0";
    assert!(until(|| async { number(&rig.db, position).await == 1 }).await, "the position is at the poison");
    rig.stop().await;

    let before = app.received("/events/orders").len();
    app.answer(|_, _| 200.into());
    let again = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
    assert!(until(|| async { number(&again.db, position).await == 5 }).await, "everything is dealt with");
    let mut after: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in &app.received("/events/orders")[before..] {
        after.entry(one.header("__key").unwrap().to_owned()).or_default().push(one.data());
    }
    assert_eq!(after["a"], [json!("poison"), json!("behind")]);
    assert_eq!(after["b"], [json!(1), json!(2)], "what came later may come again; what came earlier does not");
}
