//! What the app's answer to a delivery means.

use serde_json::{Value, json};

use crate::app::{Gate, Received, TestApp};
use crate::rig::{Base, Plan, Rig, subscribe_to};

pub(crate) const KEYED: &str = "orders?metadata.partitionKey=k";

/// An app that dead-letters `orders` and also receives what is set aside.
pub(crate) fn with_dead_letters() -> Value {
    json!([
        {"pubsubname": "pubsub", "topic": "orders", "route": "/events/orders", "deadLetterTopic": "orders.dead"},
        {"pubsubname": "pubsub", "topic": "orders.dead", "route": "/dead"},
    ])
}

/// The data of everything delivered once a last event came, after which nothing of its key can be outstanding.
pub(crate) async fn all_until_last(app: &TestApp, base: &Base) -> Vec<Value> {
    base.publish(KEYED, &json!("last")).await;
    let last = || async { app.received("/events/orders").iter().any(|one| one.data() == "last") };
    assert!(crate::app::until(last).await, "the last event did not come");
    app.received("/events/orders").iter().map(Received::data).collect()
}

#[tokio::test]
async fn another_key_goes_on_while_one_fails() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    app.answer(|one, _| if one.data() == "stuck" { 503.into() } else { 200.into() });
    base.publish("orders?metadata.partitionNumber=0", &json!("stuck")).await;
    base.publish("orders?metadata.partitionNumber=0", &json!("behind")).await;
    for n in 0..20 {
        base.publish("orders?metadata.partitionNumber=1", &json!(n)).await;
    }
    let others = || async { app.received("/events/orders").iter().filter(|one| one.data().is_number()).count() == 20 };
    assert!(crate::app::until(others).await);
    assert!(!app.received("/events/orders").iter().any(|one| one.data() == "behind"));
    app.answer(|_, _| 200.into());
    let behind = || async { app.received("/events/orders").iter().any(|one| one.data() == "behind") };
    assert!(crate::app::until(behind).await);
}

#[tokio::test]
async fn one_key_is_delivered_in_order_and_one_at_a_time() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    // Each is refused once at some places, which must not let a later one past.
    app.answer(|one, before| if before % 7 == 0 && one.data() != json!("last") { 500.into() } else { 200.into() });
    for n in 0..50 {
        base.publish(KEYED, &json!(n)).await;
    }
    let mut order = all_until_last(&app, &base).await;
    order.dedup();
    assert_eq!(order, (0..50).map(Value::from).chain([json!("last")]).collect::<Vec<_>>());
    let received = app.received("/events/orders");
    assert_eq!((received[0].header("partitionkey"), received[0].header("__key")), (Some("k"), Some("k")));
    assert_eq!((received[0].header("__offset"), received[0].header("__topic")), (Some("0"), Some("orders")));
}

#[tokio::test]
async fn a_dropped_event_goes_unchanged_to_the_dead_letter_topic() {
    for drop in ["DROP", "404"] {
        let app = TestApp::start(&with_dead_letters()).await;
        let (_rig, base, _database) = Rig::with(&app).await;
        app.answer(move |one, _| match (one.path.as_str(), drop) {
            ("/dead", _) => 200.into(),
            (_, "DROP") => "{\"status\":\"DROP\"}".into(),
            _ => 404.into(),
        });
        base.publish("orders?metadata.partitionKey=k&metadata.mine=x", &json!(1)).await;
        let dead = app.wait_for("/dead", 1).await.remove(0);
        let first = app.received("/events/orders").remove(0);
        assert_eq!(dead.body, first.body, "{drop}");
        assert_eq!(dead.event()["topic"], "orders");
        assert_eq!((dead.header("mine"), dead.header("__key")), (Some("x"), Some("k")));
        for place in ["__partition", "__offset"] {
            assert_eq!(dead.header(place), first.header(place), "{drop}: {place}");
        }
    }
}

#[tokio::test]
async fn an_expired_event_is_set_aside_undelivered() {
    let app = TestApp::start(&with_dead_letters()).await;
    let clock = platform::clock::Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let plan = Plan { clock: clock.clone(), ..Plan::with_policy("{ policy: constant, duration: 5ms }", None) };
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    app.answer(|one, _| if one.path == "/events/orders" { 503.into() } else { 200.into() });
    base.publish(KEYED, &json!("first")).await;
    app.wait_for("/events/orders", 1).await;
    base.publish("orders?metadata.partitionKey=k&metadata.ttlInSeconds=1", &json!("late")).await;
    clock.advance(chrono::Duration::seconds(2));
    app.answer(|_, _| 200.into());
    let delivered = all_until_last(&app, &base).await;
    assert!(!delivered.contains(&json!("late")), "{delivered:?}");
    // Whoever subscribes to the dead letters is not called either, as it is with daprd: the event has expired for all.
    let dead = "SELECT count(*) FROM sidecar.messages WHERE topic = 'orders.dead'";
    assert_eq!((crate::log::number(&rig.db, dead).await, app.received("/dead").len()), (1, 0));
}

#[tokio::test]
async fn bytes_that_are_no_event_go_to_the_dead_letter_topic() {
    let list = json!([
        {"pubsubname": "pubsub", "topic": "orders", "route": "/events/orders", "deadLetterTopic": "orders.dead"},
        {"pubsubname": "pubsub", "topic": "orders.dead", "route": "/dead", "metadata": {"rawPayload": "true"}},
    ]);
    let app = TestApp::start(&list).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let request = base.post("/v1.0/publish/pubsub/orders?metadata.rawPayload=true&metadata.partitionKey=k");
    assert_eq!(request.body("oops").send().await.unwrap().status(), 204);
    assert_eq!(app.wait_for("/dead", 1).await[0].event()["data_base64"], "b29wcw==");
    assert_eq!(all_until_last(&app, &base).await, [json!("last")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_answer_that_takes_too_long_is_a_failure() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let change = |settings: &mut sidecar::Settings| settings.callback_timeout = std::time::Duration::from_millis(100);
    let (_rig, base, _database) = Rig::planned(&app, Plan { change, ..Plan::default() }).await;
    // The first attempt is answered only when the second has come.
    let gate = Gate::default();
    let held = gate.clone();
    app.answer(move |_, before| {
        if before == 0 {
            held.pass();
        } else {
            held.open();
        }
        200.into()
    });
    base.publish(KEYED, &json!(1)).await;
    assert_eq!(app.wait_for("/events/orders", 2).await[1].data(), json!(1));
}

#[tokio::test]
async fn a_publisher_cannot_set_the_headers_of_the_connection_or_the_token() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let query = "metadata.content-length=1&metadata.dapr-api-token=x&metadata.Host=evil&metadata.content-type=a&metadata.fine=y";
    base.publish(
        &format!("orders?{query}&metadata.bad%20name=z&metadata.line=a%0Ab&metadata.name=J%C3%BCrgen"),
        &json!(1),
    )
    .await;
    let received = app.wait_for("/events/orders", 1).await.remove(0);
    assert_eq!((received.header("fine"), received.header("dapr-api-token")), (Some("y"), None));
    assert_eq!(received.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(
        (received.header("host"), received.data()),
        (Some(format!("127.0.0.1:{}", app.port).as_str()), json!(1))
    );
}

#[tokio::test]
async fn an_app_that_goes_away_finds_its_events_when_it_is_back() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    base.publish(KEYED, &json!(1)).await;
    app.wait_for("/events/orders", 1).await;
    let port = app.stop().await;
    base.publish(KEYED, &json!(2)).await;
    base.publish(KEYED, &json!(3)).await;
    let back = TestApp::start_at(port.listen(64).unwrap(), &json!([]));
    let received = back.wait_for("/events/orders", 2).await;
    assert_eq!((received[0].data(), received[1].data()), (json!(2), json!(3)));
}
