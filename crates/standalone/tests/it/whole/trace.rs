//! One trace from a request to the history and to the sockets, as a collector of spans sees it.

use std::time::Duration;

use serde_json::json;
use testkit::eventually;
use testkit::http::Client;
use testkit::socket::Socket;

use super::end_to_end::{DEADLINE, up};
use crate::launched::Launched;
use crate::otlp::{Collector, Seen};
use crate::place::Place;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

const PUSH: &str = "websocket-service push";

/// What happens to a task that is created, in this order.
const WAY: [&str; 5] = [
    "backend-api request /api/alice/tasks",
    "backend-api publish task.created",
    "websocket-service request /events/task-updates",
    PUSH,
    "audit-service request /events/task-events",
];

#[tokio::test]
async fn one_trace_leads_from_a_request_to_the_history_and_the_socket() {
    let (collector, address) = Collector::start().await;
    let place = Place::new();
    let mut command = place.tidings(&up());
    // Spans are sent at once, and not after the 5 s within which they are gathered otherwise.
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", address).env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let system = Launched::start_as(command, place).await;
    let alice = system.client("alice");
    let ticket = alice.post("/api/alice/ws-ticket", &json!({})).await.expect(201).json();
    let port = system.place.port(8005);
    let mut socket =
        Socket::connect(&format!("ws://127.0.0.1:{port}/ws?ticket={}", ticket["ticket"].as_str().unwrap())).await;
    assert_eq!(socket.next_json(DEADLINE).await["type"], "subscribed");
    until_pushed(&alice, &collector).await;

    let request = alice.request("POST".parse().unwrap(), "/api/alice/tasks");
    let request = request.header("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    request.json(&json!({"title": "Traced"})).send().await.expect(201);
    while socket.next_json(DEADLINE).await["event"]["task_data"]["title"] != "Traced" {}

    let [request, publish, delivery, push, recorded] = eventually(DEADLINE, || async {
        let spans = collector.trace(TRACE);
        let find = |what: &&str| spans.iter().find(|span| span.what == **what).cloned();
        let [request, publish, delivery, push, recorded] = WAY.each_ref().map(find);
        let found = [request?, publish?, delivery?, push?, recorded?];
        let linked = [2, 4].iter().all(|consumer| descends(&spans, &found[*consumer], &found[1]));
        linked.then_some(found)
    })
    .await;
    assert_eq!(request.parent, CALLER);
    assert_eq!(publish.parent, request.id);
    assert_eq!(push.parent, delivery.id);
    for (first, then) in [(&request, &publish), (&publish, &delivery), (&delivery, &push), (&publish, &recorded)] {
        assert!(first.began <= then.began, "{first:?} comes before {then:?}");
    }
    system.stop().await;
}

/// Creates tasks until one is pushed as it happens: what a real broker did before websocket-service had joined it is told from the
/// history.
async fn until_pushed(person: &Client, collector: &Collector) {
    eventually(DEADLINE, || async {
        person.post("/api/alice/tasks", &json!({"title": "Before"})).await.expect(201);
        let pushed = async {
            while !collector.has_seen(PUSH) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(1), pushed).await.ok()
    })
    .await;
}

/// Whether a span comes of another one through spans that were all seen: a real sidecar adds its own between them.
fn descends(spans: &[Seen], span: &Seen, from: &Seen) -> bool {
    let parent = spans.iter().find(|other| other.id == span.parent);
    parent.is_some_and(|parent| parent.id == from.id || descends(spans, parent, from))
}
