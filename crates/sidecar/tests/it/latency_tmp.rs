use crate::app::TestApp;
use crate::rig::{Rig, subscribe_to};
use serde_json::json;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    app.answer(move |_, _| {
        let _ = tx.send(Instant::now());
        200.into()
    });
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for n in 0..300 {
        let t = Instant::now();
        base.publish("orders?metadata.partitionKey=k", &json!(n)).await;
        let p = Instant::now();
        let d = rx.recv().await.unwrap();
        a.push((p - t).as_micros());
        b.push((d - t).as_micros());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    a.sort();
    b.sort();
    println!("publish p50 {} p99 {}; delivered p50 {} p99 {}", a[150], a[297], b[150], b[297]);
    let t = Instant::now();
    for batch in 0..20 {
        let entries: Vec<_> = (0..500).map(|n| json!({"entryId": n.to_string(), "event": {"n": n}, "contentType": "application/json", "metadata": {"partitionKey": format!("{}", n % 40)}})).collect();
        let r = base.post("/v1.0/publish/bulk/pubsub/orders").json(&entries).send().await.unwrap();
        assert_eq!(r.status(), 204, "{batch}");
    }
    println!("bulk 10000 in {:?}", t.elapsed());
    for _ in 0..10_000 {
        rx.recv().await.unwrap();
    }
    println!("delivered 10000 in {:?}", t.elapsed());
}
