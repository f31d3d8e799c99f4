//! What a consumer refuses, and where it says the mistake is.

use events::{Event, Malformed, Received};
use serde_json::{Value, json};

use crate::sample;

/// The sample with the value at `pointer` replaced, or removed.
fn spoilt(name: &str, pointer: &str, value: Option<Value>) -> Value {
    let mut event = sample(name);
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    match (event.pointer_mut(parent).unwrap(), value) {
        (Value::Array(items), Some(value)) => items[field.parse::<usize>().unwrap()] = value,
        (Value::Object(fields), Some(value)) => drop(fields.insert(field.to_owned(), value)),
        (Value::Object(fields), None) => drop(fields.remove(field)),
        (other, _) => panic!("{other} has no fields"),
    }
    event
}

fn read(event: &Value) -> Result<Received, Malformed> {
    Event::from_cloud_event(event.to_string().as_bytes())
}

fn assert_refused(name: &str, pointer: &str, value: Option<Value>, reason: &str) {
    let shown = format!("{name} with {pointer} = {value:?}");
    let Err(malformed) = read(&spoilt(name, pointer, value)) else { panic!("accepted {shown}") };
    assert_eq!((malformed.pointer.as_str(), malformed.reason.as_str()), (pointer, reason), "{shown}");
}

#[test]
fn a_required_field_may_not_be_missing() {
    for pointer in [
        "/specversion",
        "/id",
        "/type",
        "/source",
        "/data",
        "/data/event_id",
        "/data/event_type",
        "/data/user_id",
        "/data/organization_id",
        "/data/sequence",
        "/data/timestamp",
        "/data/metadata",
        "/data/metadata/source",
        "/data/metadata/version",
        "/data/task_data",
        "/data/task_data/id",
        "/data/task_data/title",
        "/data/previous_data/version",
        "/data/data/tag",
    ] {
        assert_refused("task.tag_added", pointer, None, "is missing");
    }
    assert_refused("user.created", "/data/data", None, "is missing");
    assert_refused("user.created", "/data/data/workspace_id", None, "is missing");
    assert_refused("task.assigned", "/data/data/from", None, "is missing");
}

#[test]
fn a_field_must_hold_what_the_contract_says() {
    for (pointer, value, reason) in [
        ("/specversion", json!("0.3"), "is not `1.0`"),
        ("/id", json!(""), "is empty"),
        ("/time", json!("yesterday"), "is not an RFC 3339 timestamp"),
        ("/data", json!("eyJ9"), "is not an object"),
        ("/data/event_id", json!("42"), "is not a UUID"),
        ("/data/event_id", json!(42), "is not text"),
        ("/data/event_type", json!(""), "is empty"),
        ("/data/event_type", json!("x".repeat(101)), "is longer than 100 characters"),
        ("/data/user_id", json!(123), "is not text"),
        ("/data/user_id", json!(""), "is empty"),
        ("/data/user_id", json!("é".repeat(256)), "is longer than 255 characters"),
        ("/data/organization_id", json!("personal"), "is not a UUID"),
        ("/data/organization_id", Value::Null, "is not text"),
        ("/data/sequence", json!(-1), "is less than 0"),
        ("/data/sequence", json!(i64::MAX), "is more than 9007199254740991"),
        ("/data/sequence", json!(9_007_199_254_740_992_i64), "is more than 9007199254740991"),
        ("/data/sequence", json!(1.5), "is not a 64-bit whole number"),
        ("/data/sequence", json!("7"), "is not a 64-bit whole number"),
        ("/data/sequence", json!(u64::MAX), "is not a 64-bit whole number"),
        ("/data/timestamp", json!("2026-02-30T09:00:00Z"), "is not an RFC 3339 timestamp"),
        ("/data/timestamp", json!("2026-01-31T09:00:00"), "is not an RFC 3339 timestamp"),
        ("/data/timestamp", json!(1_769_850_000), "is not text"),
        ("/data/metadata", json!([]), "is not an object"),
        ("/data/metadata/version", json!("2.0"), "is not a version that this consumer reads"),
        ("/data/task_data", json!([]), "is not an object"),
        ("/data/task_data", Value::Null, "is not an object"),
        ("/data/task_data/id", json!(5), "is not text"),
        ("/data/task_data/completed", json!("no"), "is not true or false"),
        ("/data/task_data/tags", json!("travel"), "is not a list"),
        ("/data/task_data/recurrence", json!("daily"), "is not an object"),
        ("/data/task_data/version", json!(0), "is less than 1"),
        ("/data/data/to", json!(5), "is not text or null"),
    ] {
        assert_refused("task.assigned", pointer, Some(value), reason);
    }
    let listed = spoilt("task.created", "/data/task_data/tags", Some(json!(["home", 5])));
    assert_eq!(read(&listed).unwrap_err().to_string(), "/data/task_data/tags/1 is not text");
}

#[test]
fn a_reminder_and_a_notification_are_checked_to_the_last_result() {
    for (name, pointer, value, reason) in [
        ("reminder.sent", "/data/data", None, "is missing"),
        ("reminder.sent", "/data/data/task_id", None, "is missing"),
        ("reminder.sent", "/data/data/status", Some(json!("")), "is empty"),
        ("reminder.sent", "/data/data/version", Some(json!(0)), "is less than 1"),
        ("reminder.sent", "/data/data/late", Some(json!("no")), "is not true or false"),
        ("reminder.sent", "/data/data/results", Some(json!({})), "is not a list"),
        ("reminder.sent", "/data/data/results/0/channel", None, "is missing"),
        ("reminder.scheduled", "/data/data/fire_at", Some(json!("soon")), "is not an RFC 3339 timestamp"),
        ("reminder.scheduled", "/data/data/channels/0", Some(json!(1)), "is not text"),
        ("notification.created", "/data/data/id", Some(json!("1")), "is not a UUID"),
        ("notification.created", "/data/data/kind", None, "is missing"),
    ] {
        assert_refused(name, pointer, value, reason);
    }
}

#[test]
fn what_the_database_cannot_store_is_refused_wherever_it_stands() {
    assert_refused("task.created", "/data/task_data/title", Some(json!("Renew\0 my passport")), "contains U+0000");
    let nested = spoilt("task.created", "/data/new", Some(json!({ "a/b": ["fine", "\0"] })));
    assert_eq!(read(&nested).unwrap_err().pointer, "/data/new/a~1b/1");
    let name = spoilt("task.created", "/data/new", Some(json!({ "a\0b": 1 })));
    let malformed = read(&name).unwrap_err();
    assert_eq!(malformed.to_string(), "/data/new has a field whose name contains U+0000");
}

#[test]
fn an_unknown_event_type_still_needs_a_valid_envelope() {
    assert_refused("future/task.snoozed.unknown-type", "/data/sequence", None, "is missing");
}

#[test]
fn bytes_that_are_no_event_are_refused() {
    let too_deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for bytes in [&b""[..], b"{", b"[]", b"null", b"\xff\xfe", b"{}", b"{\"data\":{}}", too_deep.as_bytes()] {
        Event::from_cloud_event(bytes).expect_err(&String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_broken_trace_loses_the_trace_and_not_the_event() {
    for trace in [json!(1234), json!(""), Value::Null, json!({ "id": 1 })] {
        let received = read(&spoilt("task.created", "/traceparent", Some(trace))).unwrap();
        assert!(matches!(received, Received::Known { traceparent: None, .. }), "{received:?}");
    }
}

#[test]
fn null_reads_as_absent_where_a_field_is_optional() {
    for pointer in ["/subject", "/data/previous_data", "/data/data", "/data/task_data/due_date"] {
        let received = read(&spoilt("task.assigned", pointer, Some(Value::Null)));
        assert!(matches!(received, Ok(Received::Known { .. })), "{pointer}: {received:?}");
    }
}

#[test]
fn an_event_published_as_bare_data_is_read_from_its_data() {
    let mut event = sample("task.created");
    event["id"] = json!("5c0f4a3e-8f4b-4a43-9d3c-0d9be3b8a7f1");
    event["type"] = json!("com.dapr.event.sent");
    assert!(matches!(read(&event), Ok(Received::Known { .. })));
}

#[test]
fn a_timestamp_is_cut_to_what_the_database_keeps() {
    let event = spoilt("task.created", "/data/timestamp", Some(json!("2026-01-31T10:00:00.123456789+01:00")));
    let Ok(Received::Known { event, .. }) = read(&event) else { panic!("refused") };
    assert_eq!(event.timestamp.to_rfc3339(), "2026-01-31T09:00:00.123456+00:00");
}
