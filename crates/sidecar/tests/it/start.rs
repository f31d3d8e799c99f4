//! Metadata, and a shutdown that takes too long.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::rig::{Plan, Rig, database, subscribe_to};

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
