//! A service that has more to do than it can.

use axum::Router;
use axum::routing::get;
use futures::future::join_all;
use platform::dapr::guard::sidecar_only;
use platform::layers;
use platform::overload::at_most;
use testkit::eventually;

use crate::gate::Gate;
use crate::service::{DEADLINE, Running};

#[tokio::test]
async fn what_is_too_much_is_refused_at_once_and_what_was_taken_on_is_finished() {
    let (clients, deliveries) = (Gate::shut(), Gate::shut());
    let routes = clients.at("/slow").route("/quick", get(|| async { "quick" })).fallback(layers::not_found);
    let router = at_most(3, routes);
    let service = Running::start(router.merge(sidecar_only(deliveries.at("/events/x"), None))).await;
    let client = service.client();
    assert_eq!(client.get("/quick").await.expect(200).text(), "quick");

    let taken: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/slow").await })
        })
        .collect();
    clients.arrivals(3).await;
    // The gate is shut: whoever is answered now was not made to wait for it.
    let flood = join_all((0..50).map(|n| client.get(if n % 2 == 0 { "/slow" } else { "/quick" }))).await;
    for refused in flood {
        let problem = refused.expect_problem(503, "overloaded");
        assert_eq!((refused.header("retry-after"), &problem["title"]), (Some("1"), &"Temporarily unavailable".into()));
    }
    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        client.get(path).await.expect(200);
    }
    client.get("/nowhere").await.expect_problem(503, "overloaded");
    let delivery = tokio::spawn({
        let client = client.clone();
        async move { client.get("/events/x").await }
    });
    deliveries.arrivals(1).await;
    deliveries.open_for(1);
    assert_eq!(delivery.await.unwrap().expect(200).text(), "done");

    clients.open_for(3);
    for answer in join_all(taken).await {
        assert_eq!(answer.unwrap().expect(200).text(), "done");
    }
    assert_eq!(client.get("/quick").await.expect(200).text(), "quick");
    client.get("/nowhere").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_client_that_hangs_up_makes_room() {
    let gate = Gate::shut();
    let service = Running::start(at_most(1, gate.at("/slow").route("/quick", get(|| async { "quick" })))).await;
    let mut impatient = service.connect().await;
    impatient.get("/slow").await;
    gate.arrivals(1).await;
    let client = service.client();
    let quick = async || client.get("/quick").await.status;
    assert_eq!(quick().await, 503);
    drop(impatient);
    eventually(DEADLINE, async || (quick().await == 200).then_some(())).await;
}

#[tokio::test]
async fn deliveries_have_a_bound_of_their_own() {
    let gate = Gate::shut();
    let service = Running::start(Router::new().merge(sidecar_only(gate.at("/events/x"), None))).await;
    let client = service.client();
    let taken: Vec<_> = (0..256)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/events/x").await })
        })
        .collect();
    gate.arrivals(256).await;
    client.get("/events/x").await.expect_problem(503, "overloaded");
    gate.open_for(256);
    for answer in join_all(taken).await {
        answer.unwrap().expect(200);
    }
}
