//! Publishing: what an event looks like when it arrives, and what is refused.

use serde_json::{Value, json};

use crate::case::{Ask, Check, PUBSUB, Reply, Row, Setup, Step, apart, post, publish, receives, row, status, steps};

const ORDERS: &str = "/events/orders";
const FOUR_MIB: usize = 4 * 1024 * 1024;
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TO_ORDERS: &str = "/v1.0/publish/pubsub/orders";

fn to_orders(query: &str, content_type: &str) -> Ask {
    let ask = post(format!("{TO_ORDERS}{query}"), 204);
    if content_type.is_empty() { ask } else { ask.header("content-type", content_type) }
}

fn arrives(checks: impl IntoIterator<Item = Check>) -> Step {
    receives(ORDERS, 1, checks)
}

/// What the sidecar refuses.
fn refused(path: &str, gives: u16, code: &'static str) -> Step {
    post(path, gives).json(1).code(code).check([Check::Present("/message")]).step()
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = envelopes();
    rows.extend(cloud_events());
    rows.extend(refusals());
    rows.extend(in_order());
    rows
}

fn envelopes() -> Vec<Row> {
    vec![
        row(
            1,
            "JSON is wrapped with every default field, digits unchanged",
            steps([
                to_orders("", "application/json").body(r#"{"n":1.50,"big":12345678901234567890123}"#).step(),
                arrives([
                    Check::Method("POST"),
                    Check::Header("content-type", "application/cloudevents+json"),
                    Check::Header("pubsubname", "pubsub"),
                    Check::Contains("1.50"),
                    Check::Contains("12345678901234567890123"),
                    Check::Present("/id"),
                    Check::Is("/specversion", "1.0".into()),
                    Check::Is("/source", "shop".into()),
                    Check::Is("/type", "com.dapr.event.sent".into()),
                    Check::Is("/datacontenttype", "application/json".into()),
                    Check::Is("/topic", "orders".into()),
                    Check::Is("/pubsubname", "pubsub".into()),
                    Check::Present("/time"),
                    Check::Present("/traceid"),
                    Check::Present("/traceparent"),
                    Check::Present("/tracestate"),
                ]),
            ]),
        ),
        row(
            2,
            "without a content type the data are a string",
            steps([
                to_orders("", "").body(r#"{"a":1}"#).step(),
                arrives([Check::Is("/datacontenttype", "text/plain".into()), Check::Is("/data", r#"{"a":1}"#.into())]),
            ]),
        ),
        row(
            3,
            "octets arrive in base64",
            steps([
                to_orders("", "application/octet-stream").body([1, 2]).step(),
                arrives([Check::Is("/data_base64", "AQI=".into()), Check::Absent("/data")]),
            ]),
        ),
        row(
            4,
            "an unknown content type is kept, its data are a string",
            steps([
                to_orders("", "foo/bar").body("x").step(),
                arrives([Check::Is("/datacontenttype", "foo/bar".into()), Check::Is("/data", "x".into())]),
            ]),
        ),
        row(
            12,
            "raw on both sides: an envelope around octets",
            steps([
                post("/v1.0/publish/pubsub/raw?metadata.rawPayload=true", 204).body([0, 255]).step(),
                receives(
                    "/events/raw",
                    1,
                    [
                        Check::Is("/data_base64", "AP8=".into()),
                        Check::Is("/datacontenttype", "application/octet-stream".into()),
                        Check::Is("/source", "Dapr".into()),
                        Check::Absent("/time"),
                    ],
                ),
            ]),
        ),
    ]
}

fn cloud_events() -> Vec<Row> {
    let event = json!({
        "id": "7", "type": "a.b", "source": "me", "specversion": "1.0", "topic": "no", "pubsubname": "no", "mine": {"x": 1},
        "traceid": TRACE, "traceparent": TRACE, "data": [1], "time": "2026-01-31T09:00:00.123456Z",
    });
    let overrides = "?metadata.cloudevent.id=i&metadata.cloudevent.source=s&metadata.cloudevent.type=t\
                     &metadata.cloudevent.subject=u&metadata.cloudevent.topic=no";
    vec![
        row(
            5,
            "a CloudEvent keeps its fields but for topic and pubsubname",
            steps([
                to_orders("?metadata.cloudevent.id=8", "application/cloudevents+json").body(event.to_string()).step(),
                arrives([
                    Check::Is("/id", "7".into()),
                    Check::Is("/type", "a.b".into()),
                    Check::Is("/source", "me".into()),
                    Check::Is("/mine", json!({"x": 1})),
                    Check::Is("/data", json!([1])),
                    Check::Is("/time", "2026-01-31T09:00:00.123456Z".into()),
                    Check::Is("/tracestate", "".into()),
                    Check::Is("/traceparent", TRACE.into()),
                    Check::HeaderContains("traceparent", "4bf92f3577b34da6a3ce929d0e0e4736"),
                    Check::Is("/topic", "orders".into()),
                    Check::Is("/pubsubname", "pubsub".into()),
                ]),
            ]),
        ),
        row(
            6,
            "a CloudEvent without an id gets none, its other fields are filled",
            steps([
                to_orders("", "application/cloudevents+json").body(r#"{"data":1}"#).step(),
                arrives([
                    Check::Absent("/id"),
                    Check::Is("/source", "Dapr".into()),
                    Check::Is("/specversion", "1.0".into()),
                    Check::Is("/type", "com.dapr.event.sent".into()),
                ]),
            ]),
        ),
        row(
            8,
            "cloudevent.* metadata override fields",
            steps([
                to_orders(overrides, "application/json").body("1").step(),
                arrives([
                    Check::Is("/id", "i".into()),
                    Check::Is("/source", "s".into()),
                    Check::Is("/type", "t".into()),
                    Check::Is("/subject", "u".into()),
                    Check::Is("/topic", "orders".into()),
                ]),
            ]),
        ),
        row(
            25,
            "a traceparent that is a number does no harm",
            steps([
                to_orders("", "application/cloudevents+json").body(r#"{"id":"1","traceparent":12}"#).step(),
                arrives([Check::Is("/id", "1".into())]),
            ]),
        ),
    ]
}

fn refusals() -> Vec<Row> {
    let scoped = PUBSUB.replace(
        "    - { name: initialOffset",
        "    - { name: publishingScopes, value: 'shop=orders' }\n    - { name: initialOffset",
    );
    let above = |bytes: usize, gives: u16| post(TO_ORDERS, gives).body(vec![b'a'; FOUR_MIB + bytes]);
    let broken = to_orders("", "application/cloudevents+json").body(r#"{"id":"#);
    vec![
        row(
            7,
            "a broken CloudEvent is refused",
            steps([Ask { gives: 500, ..broken }.code("ERR_PUBSUB_CLOUD_EVENTS_SER").step()]),
        ),
        row(
            9,
            "an unknown pub/sub component is 404",
            steps([
                post("/v1.0/publish/other/t", 404)
                    .json(1)
                    .code("ERR_PUBSUB_NOT_FOUND")
                    .check([Check::Is("/details/0/reason", "DAPR_PUBSUB_NOT_FOUND".into())])
                    .step(),
                refused("/v1.0/publish/pubsub/", 404, "ERR_DIRECT_INVOKE"),
            ]),
        ),
        row(
            10,
            "a topic outside its scopes is 403",
            steps([
                refused("/v1.0/publish/pubsub/secret", 403, "ERR_PUBSUB_FORBIDDEN"),
                publish("orders", 1),
                arrives([]),
            ])
            .on(Setup { components: scoped, ..Setup::default() }),
        ),
        row(
            11,
            "rawPayload that is no boolean is refused",
            steps([refused("/v1.0/publish/pubsub/orders?metadata.rawPayload=zz", 400, "ERR_PUBSUB_REQUEST_METADATA")]),
        ),
        row(
            45,
            "a body above 4 MiB is refused, one of exactly 4 MiB is not",
            steps([
                above(2, 500).code("ERR_PUBSUB_PUBLISH_MESSAGE").step(),
                post(TO_ORDERS, 204).body(vec![b'a'; FOUR_MIB]).step(),
                arrives([]),
            ]),
        ),
        apart(
            45,
            "a body of one byte more than 4 MiB is refused",
            steps([above(1, 500).code("ERR_PUBSUB_PUBLISH_MESSAGE").step()]),
            steps([above(1, 204).step(), arrives([])]),
            "daprd publishes it without its last byte; what is cut is not what was sent",
        ),
    ]
}

fn in_order() -> Vec<Row> {
    let keyed = |entry: usize| json!({"entryId": entry.to_string(), "event": entry, "contentType": "application/json", "metadata": {"partitionKey": "k"}});
    let numbers = |count: usize| (0..count).map(Value::from).collect::<Vec<_>>();
    let bulk = |path: &str, gives: u16| post(format!("/{path}/publish/bulk/pubsub/orders"), gives);
    let twins = json!([keyed(1), keyed(1)]);
    let mut published: Vec<Step> = (0..20).map(|n| publish("orders?metadata.partitionKey=k", n)).collect();
    published.push(receives(
        ORDERS,
        20,
        [Check::InOrder("/data", numbers(20)), Check::OneAtATime, Check::Header("partitionkey", "k")],
    ));
    let late = Reply { takes: 2_000, ..status(200) };
    vec![
        row(
            13,
            "an event whose time to live has passed is not delivered",
            steps([
                publish("orders?metadata.partitionKey=k", "first"),
                publish("orders?metadata.partitionKey=k&metadata.ttlInSeconds=1", "late"),
                Step::Last { topic: "orders", path: ORDERS },
                receives(ORDERS, 1, [Check::Is("/data", "first".into())]),
            ])
            .answering(ORDERS, [late]),
        ),
        row(
            14,
            "events of one key come in order, one at a time",
            steps(published).always(ORDERS, Reply { takes: 2, ..status(200) }),
        ),
        row(
            26,
            "bulk: all or nothing, in order of the key",
            steps([
                bulk("v1.0", 204).json((0..40).map(keyed).collect::<Value>()).step(),
                bulk("v1.0-alpha1", 204).json((40..60).map(keyed).collect::<Value>()).step(),
                bulk("v1.0", 400).json(twins).code("ERR_PUBSUB_EVENTS_SER").step(),
                bulk("v1.0", 400).json(json!([{"event": 1}])).code("ERR_PUBSUB_EVENTS_SER").step(),
                bulk("v1.0", 204).json(json!([])).step(),
                bulk("v1.0", 400).json("x").code("ERR_PUBSUB_EVENTS_SER").step(),
                bulk("v1.0", 400).json(json!({"entryId": "1"})).code("ERR_PUBSUB_EVENTS_SER").step(),
                Step::Last { topic: "orders", path: ORDERS },
                receives(ORDERS, 60, [Check::InOrder("/data", numbers(60))]),
            ]),
        ),
    ]
}
