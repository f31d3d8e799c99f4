//! Delivery: what the app's answer means, and who is subscribed.

use crate::case::{
    Case, Check, PUBSUB, Reply, Row, Setup, Step, get, not_here, publish, receives, row, says, status, steps,
};

const ORDERS: &str = "/events/orders";
const GUARDED: &str = "/events/guarded";
const DEAD: &str = "/dead/guarded";
const KEYED: &str = "orders?metadata.partitionKey=k";

/// One event, and the deliveries of it that come of an answer.
fn delivered(times: usize) -> Case {
    steps([
        publish(KEYED, 1),
        Step::Last { topic: "orders", path: ORDERS },
        receives(ORDERS, times, [Check::SameBody, Check::Is("/data", 1.into())]),
    ])
}

/// The answer twice, then a success: three deliveries, and what comes after it waits.
fn again(reply: Reply) -> Case {
    steps([
        publish(KEYED, 1),
        publish(KEYED, 2),
        receives(ORDERS, 4, [Check::InOrder("/data", vec![1.into(), 1.into(), 1.into(), 2.into()])]),
    ])
    .answering(ORDERS, [reply.clone(), reply])
}

/// The answer once, on a topic with a dead-letter topic: the event is there, unchanged, by its first topic's name.
fn set_aside(reply: Reply) -> Case {
    steps([
        publish("guarded?metadata.partitionKey=k&metadata.mine=x", 1),
        Step::Last { topic: "guarded", path: GUARDED },
        receives(GUARDED, 1, []),
        receives(
            DEAD,
            1,
            [Check::Is("/data", 1.into()), Check::Is("/topic", "guarded".into()), Check::Header("mine", "x")],
        ),
    ])
    .answering(GUARDED, [reply])
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        row(15, "200 without a body is a success", delivered(1)),
        row(15, "200 with any text is a success", delivered(1).answering(ORDERS, [says("thanks")])),
        row(15, "200 with {} is a success", delivered(1).answering(ORDERS, [says("{}")])),
        row(15, "200 with SUCCESS is a success", delivered(1).answering(ORDERS, [says(r#"{"status":"SUCCESS"}"#)])),
        row(17, "DROP is one delivery", delivered(1).answering(ORDERS, [says(r#"{"status":"DROP"}"#)])),
        row(17, "DROP goes to the dead-letter topic", set_aside(says(r#"{"status":"DROP"}"#))),
        row(
            17,
            "metadata of the message win over what the broker knows, so that a dead letter tells where it stood",
            steps([
                publish("orders?metadata.partitionKey=k&metadata.__offset=77", 1),
                receives(ORDERS, 1, [Check::Header("__offset", "77")]),
            ]),
        ),
        row(18, "404 is as DROP", delivered(1).answering(ORDERS, [status(404)])),
        row(18, "404 goes to the dead-letter topic", set_aside(status(404))),
        row(16, "RETRY comes again, and its key waits", again(says(r#"{"status":"RETRY"}"#))),
        row(19, "retry in small letters is as RETRY", again(says(r#"{"status":"retry"}"#))),
    ];
    let failures = [
        (503, "503 comes again, and its key waits"),
        (400, "400 comes again, and its key waits"),
        (401, "401 comes again, and its key waits"),
        (301, "301 comes again, and its key waits"),
    ];
    rows.extend(failures.map(|(code, title)| row(16, title, again(status(code)))));
    rows.push(row(20, "503 with 3 retries is 4 deliveries, then a dead letter", given_up(status(503))));
    rows.push(row(
        20,
        "RETRY with 3 retries is 4 deliveries, then a dead letter",
        given_up(says(r#"{"status":"RETRY"}"#)),
    ));
    rows.extend(subscriptions());
    rows
}

/// Three retries of what comes in through `pubsub`.
const THREE_TIMES: &str = "
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: resiliency }
spec:
  policies: { retries: { again: { policy: constant, duration: 10ms, maxRetries: 3 } } }
  targets: { components: { pubsub: { inbound: { retry: again } } } }
";

/// The answer always, where a policy has three retries: four deliveries, then a dead letter.
fn given_up(reply: Reply) -> Case {
    steps([
        publish("guarded?metadata.partitionKey=k", 1),
        receives(DEAD, 1, [Check::Is("/data", 1.into()), Check::Is("/topic", "guarded".into())]),
        Step::Last { topic: "guarded", path: GUARDED },
        receives(GUARDED, 4, [Check::SameBody]),
    ])
    .always(GUARDED, reply)
    .on(Setup { resiliency: THREE_TIMES, ..Setup::default() })
}

fn subscriptions() -> Vec<Row> {
    let declared = "
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: { name: declared }
spec: { pubsubname: pubsub, topic: orders, routes: { default: /declared } }
---
apiVersion: dapr.io/v1alpha1
kind: Subscription
metadata: { name: other }
spec: { pubsubname: pubsub, topic: other, route: /other }
";
    let unsubscribed = |status| {
        let setup = Setup { subscribe_status: status, late: true, ..Setup::default() };
        steps([
            Step::AppListens,
            Step::IsReady,
            // An answer is an answer: it is asked for once.
            receives("/dapr/subscribe", 1, []),
            get("/v1.0/metadata", 200).check([Check::Absent("/subscriptions/0")]).step(),
            publish("orders", 1),
        ])
        .on(setup)
    };
    vec![
        not_here(21, "routing rules", "a subscription has one route; services ask for a topic, not for a part of it"),
        not_here(22, "a routing rule that fails", "there are no routing rules"),
        row(
            23,
            "the app's own word wins over a declared subscription",
            steps([
                publish("orders", 1),
                publish("other", 2),
                receives(ORDERS, 1, []),
                receives("/other", 1, []),
                receives("/declared", 0, []),
            ])
            .on(Setup { components: format!("{PUBSUB}{declared}"), ..Setup::default() }),
        ),
        row(24, "404 at /dapr/subscribe means none, and the sidecar is ready", unsubscribed(404)),
        row(24, "500 at /dapr/subscribe means none, and the sidecar is ready", unsubscribed(500)),
        not_here(27, "bulk subscriptions", "services take one event at a time"),
    ]
}
