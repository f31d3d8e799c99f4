//! What an event looks like when it arrives.

use serde_json::{Value, json};

use crate::app::{Received, TestApp};
use crate::rig::{Rig, subscribe_to};

/// Publishes one event and returns it as delivered.
async fn delivered(content_type: Option<&str>, query: &str, body: &str) -> Received {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let mut request = base.post(&format!("/v1.0/publish/pubsub/orders{query}")).body(body.to_owned());
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    assert_eq!(request.send().await.unwrap().status(), 204);
    app.wait_for("/events/orders", 1).await.remove(0)
}

#[tokio::test]
async fn json_is_wrapped_with_all_default_fields_and_unchanged_digits() {
    let received = delivered(Some("application/json"), "", r#"{"n":1.50,"big":12345678901234567890123}"#).await;
    assert_eq!(received.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(received.header("pubsubname"), Some("pubsub"));
    assert!(String::from_utf8_lossy(&received.body).contains(r#""data":{"n":1.50,"big":12345678901234567890123}"#));
    let event = received.event();
    assert_eq!(event["id"].as_str().unwrap().len(), 36);
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["source"], "shop");
    assert_eq!(event["type"], "com.dapr.event.sent");
    assert_eq!(event["datacontenttype"], "application/json");
    assert_eq!((&event["topic"], &event["pubsubname"]), (&json!("orders"), &json!("pubsub")));
    assert_eq!(event["traceid"], event["traceparent"]);
    assert_eq!(event["tracestate"], "");
    assert!(chrono::DateTime::parse_from_rfc3339(event["time"].as_str().unwrap()).is_ok());
}

#[tokio::test]
async fn a_body_without_a_content_type_is_text_even_when_it_is_json() {
    let event = delivered(None, "", r#"{"a":1}"#).await.event();
    assert_eq!((&event["datacontenttype"], &event["data"]), (&json!("text/plain"), &json!("{\"a\":1}")));
}

#[tokio::test]
async fn binary_data_arrives_in_base64() {
    let event = delivered(Some("application/octet-stream"), "", "\u{1}\u{2}").await.event();
    assert_eq!((&event["data_base64"], &event["data"]), (&json!("AQI="), &Value::Null));
}

#[tokio::test]
async fn an_unknown_content_type_is_kept_and_its_data_is_a_string() {
    let event = delivered(Some("foo/bar"), "", "x").await.event();
    assert_eq!((&event["datacontenttype"], &event["data"]), (&json!("foo/bar"), &json!("x")));
}

#[tokio::test]
async fn a_cloud_event_keeps_its_fields() {
    let sent = json!({
        "id": "7", "type": "a.b", "source": "me", "specversion": "1.0", "topic": "no", "pubsubname": "no",
        "traceid": "00-1-1-00", "traceparent": "00-1-1-00", "mine": {"x": 1}, "data": [1], "time": "2026-01-31T09:00:00.123456Z",
    });
    let received =
        delivered(Some("application/cloudevents+json"), "?metadata.cloudevent.id=8", &sent.to_string()).await;
    let mut expected = sent;
    expected["topic"] = json!("orders");
    expected["pubsubname"] = json!("pubsub");
    expected["tracestate"] = json!("");
    assert_eq!(received.event(), expected);
    assert_eq!(received.header("traceparent"), Some("00-1-1-00"));
}

#[tokio::test]
async fn a_cloud_event_without_an_id_gets_none_and_its_other_fields_are_filled() {
    let event = delivered(Some("application/cloudevents+json"), "", r#"{"data":1}"#).await.event();
    assert_eq!(event.get("id"), None);
    assert_eq!((&event["source"], &event["specversion"]), (&json!("Dapr"), &json!("1.0")));
    assert_eq!(event["type"], "com.dapr.event.sent");
}

#[tokio::test]
async fn a_traceparent_that_is_a_number_does_no_harm() {
    let event = delivered(Some("application/cloudevents+json"), "", r#"{"id":"1","traceparent":12}"#).await.event();
    assert_eq!(event["id"], "1");
}

#[tokio::test]
async fn metadata_override_fields_of_the_envelope() {
    let query = "?metadata.cloudevent.id=i&metadata.cloudevent.source=s&metadata.cloudevent.type=t\
                 &metadata.cloudevent.subject=u&metadata.cloudevent.traceparent=00-p&metadata.cloudevent.topic=no";
    let event = delivered(Some("application/json"), query, "1").await.event();
    assert_eq!((&event["id"], &event["source"]), (&json!("i"), &json!("s")));
    assert_eq!((&event["type"], &event["subject"]), (&json!("t"), &json!("u")));
    assert_eq!((&event["traceparent"], &event["topic"]), (&json!("00-p"), &json!("orders")));
}

#[tokio::test]
async fn the_trace_of_the_request_is_the_events() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = base.post("/v1.0/publish/pubsub/orders").header("traceparent", parent).header("tracestate", "a=b");
    assert_eq!(request.body("x").send().await.unwrap().status(), 204);
    let received = app.wait_for("/events/orders", 1).await.remove(0);
    assert_eq!(received.event()["traceparent"], parent);
    assert_eq!(received.event()["tracestate"], "a=b");
    assert_eq!(received.header("traceparent"), Some(parent));
}

#[tokio::test]
async fn raw_bytes_arrive_in_an_envelope_made_for_a_raw_subscriber() {
    let list = json!([{"pubsubname": "pubsub", "topic": "raw", "route": "/raw", "metadata": {"rawPayload": "true"}}]);
    let app = TestApp::start(&list).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let request = base.post("/v1.0/publish/pubsub/raw?metadata.rawPayload=true");
    assert_eq!(request.body(vec![0_u8, 255]).send().await.unwrap().status(), 204);
    let event = app.wait_for("/raw", 1).await.remove(0).event();
    assert_eq!(
        (&event["data_base64"], &event["datacontenttype"]),
        (&json!("AP8="), &json!("application/octet-stream"))
    );
    assert_eq!((&event["source"], event.get("time")), (&json!("Dapr"), None));
}
