//! The log: durable, gapless, read by each group from the start, forgotten in time.

use std::collections::BTreeSet;
use std::time::Duration;

use platform::clock::Clock;
use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use sidecar::Settings;

use crate::app::{Received, TestApp, until};
use crate::rig::{Plan, Rig, database, subscribe_to};

/// The one number that a query gives.
pub(crate) async fn number(db: &Pool, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_restart_keeps_what_is_undelivered_and_does_not_repeat_the_rest() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (rig, base, database) = Rig::with(&app).await;
    app.answer(|one, _| if one.data().as_i64() < Some(5) { 200.into() } else { 503.into() });
    for n in 0..10 {
        base.publish("orders?metadata.partitionKey=k", &json!(n)).await;
    }
    app.wait_for("/events/orders", 6).await;
    rig.stop().await;

    let before = app.received("/events/orders").len();
    app.answer(|_, _| 200.into());
    let again = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
    again.base("shop").ready().await;
    let received = app.wait_for("/events/orders", before + 5).await;
    let after: Vec<Value> = received[before..].iter().map(Received::data).collect();
    assert_eq!(after, (5..10).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_app_receives_every_event_and_a_new_one_begins_at_the_oldest() {
    let database = database().await;
    let (one, two) =
        (TestApp::start(&subscribe_to(&["orders"])).await, TestApp::start(&subscribe_to(&["orders"])).await);
    let first = Rig::start(&database, &[("one", one.port)], Plan::default()).await;
    first.base("one").ready().await;
    for n in 0..30 {
        first.base("one").publish("orders", &json!(n)).await;
    }
    one.wait_for("/events/orders", 30).await;
    first.stop().await;
    let _second = Rig::start(&database, &[("one", one.port), ("two", two.port)], Plan::default()).await;
    let received = two.wait_for("/events/orders", 30).await;
    let numbers: BTreeSet<i64> = received.iter().map(|event| event.data().as_i64().unwrap()).collect();
    assert_eq!((numbers.len(), received.len()), (30, 30));
    assert_eq!(one.received("/events/orders").len(), 30);
}

#[tokio::test]
async fn two_processes_publish_without_gaps_and_each_learns_of_the_others_events() {
    let database = database().await;
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let quick = |settings: &mut Settings| settings.poll_interval = Duration::from_millis(50);
    let one = Rig::start(&database, &[("shop", app.port)], Plan { change: quick, ..Plan::default() }).await;
    let two = Rig::start(&database, &[("other", 1)], Plan::default()).await;
    one.base("shop").ready().await;
    let publish = |base: crate::rig::Base, from: u32| async move {
        for batch in 0..20 {
            let entries: Vec<Value> = (0..10)
                .map(|n| {
                    let (id, key) = (from + batch * 10 + n, format!("k{}", n % 5));
                    json!({"entryId": id.to_string(), "event": id, "contentType": "application/json", "metadata": {"partitionKey": key}})
                })
                .collect();
            let request = base.post("/v1.0/publish/bulk/pubsub/orders").json(&entries);
            assert_eq!(request.send().await.unwrap().status(), 204);
        }
    };
    let publishers: Vec<_> =
        [(one.base("shop"), 0), (two.base("other"), 1_000), (one.base("shop"), 2_000), (two.base("other"), 3_000)]
            .map(|(base, from)| tokio::spawn(publish(base, from)))
            .into();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    assert_eq!(number(&one.db, "SELECT count(*) FROM sidecar.messages").await, 800);
    let gaps = "SELECT count(*) FROM (SELECT FROM sidecar.messages JOIN sidecar.partitions USING (pubsub, topic, partition) \
                GROUP BY pubsub, topic, partition, next_offset \
                HAVING min(message_offset) <> 0 OR max(message_offset) <> next_offset - 1 OR count(*) <> next_offset) AS gap";
    assert_eq!(number(&one.db, gaps).await, 0);

    let received = app.wait_for("/events/orders", 800).await;
    let mut seen = std::collections::HashMap::new();
    for event in &received {
        let id = event.data().as_u64().unwrap();
        let stream = (id / 1_000, event.header("__key").unwrap().to_owned());
        assert!(
            seen.insert(stream, id).is_none_or(|before| before < id),
            "each publisher's events of a key stay in order"
        );
    }
}

#[tokio::test]
async fn old_messages_are_forgotten_once_every_group_has_passed_them() {
    let database = database().await;
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let change = |settings: &mut Settings| settings.retention_interval = Duration::from_millis(30);
    let rig =
        Rig::start(&database, &[("shop", app.port)], Plan { clock: clock.clone(), change, ..Plan::default() }).await;
    let base = rig.base("shop");
    base.ready().await;
    app.answer(|one, _| if one.data() == "stuck" { 503.into() } else { 200.into() });
    base.publish("orders?metadata.partitionNumber=1", &json!("passed")).await;
    base.publish("orders?metadata.partitionNumber=2", &json!("stuck")).await;
    app.wait_for("/events/orders", 2).await;
    clock.advance(chrono::Duration::days(6));
    base.publish("orders?metadata.partitionNumber=3", &json!("young")).await;
    clock.advance(chrono::Duration::days(2));
    let left = "SELECT count(*) FROM sidecar.messages";
    assert!(until(|| async { number(&rig.db, left).await == 2 }).await, "the old one is forgotten");
    assert_eq!(number(&rig.db, "SELECT count(*) FROM sidecar.messages WHERE partition IN (2, 3)").await, 2);
    app.answer(|_, _| 200.into());
    assert!(
        until(|| async { number(&rig.db, left).await == 1 }).await,
        "the stuck one is forgotten when it was delivered"
    );
}

#[tokio::test]
async fn dead_letters_that_nobody_has_taken_are_never_forgotten() {
    let database = database().await;
    let app = TestApp::start(&subscribe_to(&["taken.dead"])).await;
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let change = |settings: &mut Settings| settings.retention_interval = Duration::from_millis(30);
    let rig =
        Rig::start(&database, &[("shop", app.port)], Plan { clock: clock.clone(), change, ..Plan::default() }).await;
    let base = rig.base("shop");
    base.ready().await;
    base.publish("orders.dead", &json!("for somebody to look at")).await;
    base.publish("taken.dead", &json!("taken")).await;
    app.wait_for("/events/taken.dead", 1).await;
    base.publish("orders", &json!("for nobody")).await;
    clock.advance(chrono::Duration::days(365));
    let left = |topic: &str| format!("SELECT count(*) FROM sidecar.messages WHERE topic = '{topic}'");
    assert!(until(|| async { number(&rig.db, &left("orders")).await == 0 }).await, "retention is at work");
    assert!(until(|| async { number(&rig.db, &left("taken.dead")).await == 0 }).await, "retention is at work");
    assert_eq!(number(&rig.db, &left("orders.dead")).await, 1);
}
