//! Starting, health, metadata and shutdown.

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::app::{TestApp, until};
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

async fn status(base: &Base, path: &str) -> u16 {
    base.get(path).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_sidecar_is_not_ready_before_its_app_but_its_outgoing_side_is() {
    // The port is taken and refuses connections until the socket listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let database = database().await;
    let rig = Rig::start(&database, &[("shop", address.port())], Plan::default()).await;
    let base = rig.base("shop");
    assert!(until(|| async { base.get("/v1.0/healthz/outbound").send().await.is_ok() }).await);
    assert_eq!(status(&base, "/v1.0/healthz/outbound").await, 204);
    let answer = base.get("/v1.0/healthz").send().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "ERR_HEALTH_NOT_READY");
    base.publish("orders", &json!("early")).await;

    let app = TestApp::start_at(socket.listen(64).unwrap(), &subscribe_to(&["orders"]));
    base.ready().await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "early");
    for path in ["/dapr/config", "/dapr/subscribe"] {
        let asked = app.received(path);
        assert_eq!((asked.len(), asked[0].header("dapr-app-id")), (1, Some("shop")), "{path}");
    }
}

#[tokio::test]
async fn an_app_without_subscriptions_is_served_all_the_same() {
    for refusal in [404, 500] {
        let app = TestApp::start(&Value::Null).await;
        app.answer(move |one, _| if one.path == "/dapr/subscribe" { refusal.into() } else { 200.into() });
        let (_rig, base, _database) = Rig::with(&app).await;
        let metadata: Value = base.get("/v1.0/metadata").send().await.unwrap().json().await.unwrap();
        assert_eq!(metadata["subscriptions"], json!([]));
        assert_eq!(app.received("/dapr/subscribe").len(), 1, "an answer is an answer: it is asked for once");
    }
}

#[tokio::test]
async fn metadata_tell_what_there_is_and_keep_labels() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let label = base.request(reqwest::Method::PUT, "/v1.0/metadata/colour").body("red").send().await.unwrap();
    assert_eq!(label.status(), 204);
    let metadata: Value = base.get("/v1.0/metadata").send().await.unwrap().json().await.unwrap();
    assert_eq!((&metadata["id"], &metadata["extended"]["colour"]), (&json!("shop"), &json!("red")));
    assert_eq!(metadata["components"], json!([{"name": "pubsub", "type": "pubsub.kafka", "version": "v1"}]));
    assert_eq!(metadata["subscriptions"][0]["topic"], "orders");
    assert_eq!(metadata["subscriptions"][0]["type"], "PROGRAMMATIC");
    assert_eq!(metadata["appConnectionProperties"]["port"], app.port);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn shutdown_lets_a_delivery_finish_and_counts_it() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let database = database().await;
    let mut rig = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
    let base = rig.base("shop");
    base.ready().await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    app.answer(move |_, _| {
        tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        200.into()
    });
    base.publish("orders?metadata.partitionKey=k", &json!(1)).await;
    app.wait_for("/events/orders", 1).await;
    assert_eq!(base.post("/v1.0/shutdown").send().await.unwrap().status(), 204);
    release.send(()).unwrap();
    rig.ended().await;

    app.answer(|_, _| 200.into());
    let again = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
    again.base("shop").publish("orders?metadata.partitionKey=k", &json!(2)).await;
    let received = app.wait_for("/events/orders", 2).await;
    assert_eq!((received[0].data(), received[1].data()), (json!(1), json!(2)), "the first is not delivered again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn shutdown_does_not_wait_for_ever_and_what_was_cut_off_comes_again() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let database = database().await;
    let change = |settings: &mut sidecar::Settings| settings.drain = std::time::Duration::from_millis(50);
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { change, ..Plan::default() }).await;
    rig.base("shop").ready().await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    app.answer(move |_, _| {
        let _ = tokio::task::block_in_place(|| held.lock().unwrap().recv());
        200.into()
    });
    rig.base("shop").publish("orders?metadata.partitionKey=k", &json!(1)).await;
    app.wait_for("/events/orders", 1).await;
    rig.stop().await;
    drop(release);
    let _again = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
    assert_eq!(app.wait_for("/events/orders", 2).await[1].data(), json!(1));
}
