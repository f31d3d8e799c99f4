//! How a service stops: unready at once, requests under way are answered, nothing is left.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use platform::config::Drain;
use testkit::eventually;

use crate::gate::Gate;
use crate::service::{DEADLINE, Running};

const LONG: Duration = Duration::from_mins(1);

fn quick() -> Router {
    Router::new().route("/quick", get(|| async { "quick" }))
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_an_idle_connection_is_closed() {
    let gate = Gate::shut();
    let service =
        Running::draining(quick().merge(gate.at("/slow")), Drain { lame_duck: Duration::ZERO, requests: LONG }).await;
    let (mut busy, mut idle, mut fresh) = (service.connect().await, service.connect().await, service.connect().await);
    idle.get("/quick").await;
    assert_eq!(idle.response().await, (200, "quick".to_owned()));
    busy.get("/slow").await;
    gate.arrivals(1).await;

    service.shutdown.cancel();
    assert_eq!((idle.closed().await, fresh.closed().await), (String::new(), String::new()));
    eventually(DEADLINE, async || tokio::net::TcpStream::connect(service.address).await.is_err().then_some(())).await;
    assert!(!service.serving.is_finished(), "it waits for the request");
    gate.open_for(1);
    assert_eq!(busy.response().await, (200, "done".to_owned()));
    assert_eq!(busy.closed().await, "");
    service.stopped().await;
}

#[tokio::test]
async fn a_lame_duck_is_unready_and_serves_whoever_comes() {
    let gate = Gate::shut();
    let service = Running::draining(quick().merge(gate.at("/slow")), Drain { lame_duck: LONG, requests: LONG }).await;
    let mut before = service.connect().await;
    before.get("/slow").await;
    gate.arrivals(1).await;
    let client = service.client();
    client.get("/readyz").await.expect(200);

    service.shutdown.cancel();
    let unready = eventually(DEADLINE, async || {
        let answer = client.get("/readyz").await;
        (answer.status == 503).then_some(answer)
    });
    assert_eq!(unready.await.json()["status"], "stopping");
    client.get("/livez").await.expect(200);
    assert_eq!(client.get("/quick").await.expect(200).text(), "quick");
    // Who is here already is answered, and comes by another connection next time.
    let mut idle = service.connect().await;
    idle.get("/quick").await;
    assert_eq!(idle.response().await, (200, "quick".to_owned()));
    assert_eq!(idle.closed().await, "");
    gate.open_for(1);
    assert_eq!(before.response().await, (200, "done".to_owned()));
    assert_eq!(before.closed().await, "");
    assert!(!service.serving.is_finished());
    service.serving.abort();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let gate = Gate::shut();
    let drain = Drain { lame_duck: Duration::ZERO, requests: Duration::from_millis(50) };
    let service = Running::draining(gate.at("/slow"), drain).await;
    let mut busy = service.connect().await;
    busy.get("/slow").await;
    gate.arrivals(1).await;
    service.shutdown.cancel();
    assert_eq!(busy.closed().await, "");
    service.stopped().await;
}
