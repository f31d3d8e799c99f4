//! Deliveries of dead letters: whatever it is, it is kept, once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fact::{WORKSPACE, body, created, id, message, with, without};
use crate::service::{RECORDED_AT, Service};

const DEAD: &str = "task-events.dead";

/// Bytes that look like nothing in particular; the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Each with a part of the cause that is told.
fn messages() -> Vec<(Vec<u8>, &'static str)> {
    let nul = "\u{0}\u{1b}[31m";
    let mut messages = vec![
        (Vec::new(), "is not JSON"),
        (b"task.created".to_vec(), "is not JSON"),
        (vec![0; 10], "is not JSON"),
        (b"\xff\xfe{}".to_vec(), "is not JSON"),
        (noise(4 << 20), "is not JSON"),
        (["[".repeat(10_000), "]".repeat(10_000)].concat().into_bytes(), "is not JSON"),
        (b"null".to_vec(), "is not an object"),
        (b"[1, 2]".to_vec(), "is not an object"),
        (b"{}".to_vec(), "/specversion is missing"),
        (without(message(&created(1)), "/data").to_string().into(), "/data is missing"),
        (with(message(&created(1)), "/data", json!(nul)).to_string().into(), "/data is not an object"),
        (
            body(&with(created(1), "/task_data/title", json!("x".repeat(5 << 20)))).into(),
            "is larger than 4194304 bytes",
        ),
    ];
    for pointer in ["/event_id", "/event_type", "/user_id", "/organization_id"] {
        for value in [json!(nul), json!(""), json!("x".repeat(10_000)), json!(7), json!([nul]), Value::Null] {
            messages.push((body(&with(created(1), pointer, value)).into(), ""));
        }
    }
    let mut named = created(1);
    named["task_data"][format!("{nul}{}", "x".repeat(10_000))] = json!({ nul: 1 });
    messages.push((body(&named).into(), "whose name contains U+0000"));
    named = created(1);
    named["task_data"]["\u{1b}[31m".repeat(1_000)] = json!(nul);
    messages.push((body(&named).into(), "/data/task_data/"));
    messages
}

#[tokio::test]
async fn any_bytes_are_stored_as_they_came_and_once() {
    let service = Service::start().await;
    for (offset, (bytes, cause)) in messages().into_iter().enumerate() {
        let offset = offset.to_string();
        let position: [(&str, &[u8]); 2] = [("__partition", b"3"), ("__offset", offset.as_bytes())];
        for _ in 0..2 {
            assert_eq!(service.deliver_with(DEAD, &position, bytes.clone()).await, "SUCCESS", "{cause}");
        }
        let (_, page) = service.dead_letters("?limit=1").await;
        let newest = &page["items"][0];
        let told = newest["cause"].as_str().unwrap();
        assert!(told.contains(cause), "{told:?}");
        assert!(told.chars().count() <= 500 && !told.contains(char::is_control), "{told:?}");
        assert_eq!((&newest["topic"], &newest["size"]), (&json!("task-events"), &json!(bytes.len())));

        let (status, whole) = service.dead_letters(&format!("/{}", newest["id"].as_str().unwrap())).await;
        assert_eq!(status, 200, "{whole}");
        let expected = serde_json::from_slice::<Value>(&bytes)
            .map_or_else(|_| (json!("base64"), json!(STANDARD.encode(&bytes))), |message| (json!("json"), message));
        assert_eq!((&whole["encoding"], &whole["message"]), (&expected.0, &expected.1));
    }
    let count = u64::try_from(messages().len()).unwrap();
    assert_eq!(service.count("dead_letters_stored").await, count);
    let (_, page) = service.dead_letters("?limit=200").await;
    assert_eq!(page["items"].as_array().unwrap().len(), messages().len());
}

#[tokio::test]
async fn of_what_is_beyond_all_measure_the_beginning_is_kept() {
    let service = Service::start().await;
    let bytes = vec![b'x'; (32 << 20) + 1];
    assert_eq!(service.deliver(DEAD, bytes).await, "SUCCESS");
    let (_, page) = service.dead_letters("").await;
    assert_eq!(page["items"][0]["size"], 32 << 20);
    let cause = page["items"][0]["cause"].as_str().unwrap();
    assert_eq!(cause, "the message is larger than 33554432 bytes; only its beginning is kept");
}

#[tokio::test]
async fn what_the_message_and_the_sidecar_say_is_told() {
    let service = Service::start().await;
    let headers: [(&str, &[u8]); 3] = [
        ("dead-letter-reason", b"the app answered 503"),
        ("dead-letter-attempts", b"11"),
        ("dead-letter-app", b"analytics-service"),
    ];
    assert_eq!(service.deliver_with(DEAD, &headers, body(&created(1))).await, "SUCCESS");
    let (_, page) = service.dead_letters("").await;
    let expected = json!({
        "id": page["items"][0]["id"], "topic": "task-events", "status": "dead", "cause": "the app answered 503",
        "reason": "the app answered 503", "attempts": 11, "consumer": "analytics-service", "event_id": id(1),
        "event_type": "task.created", "user_id": "alice", "workspace_id": WORKSPACE, "received_at": RECORDED_AT,
        "size": body(&created(1)).len(),
    });
    assert_eq!(page, json!({ "items": [expected], "next": null }));
}

#[tokio::test]
async fn the_contract_says_more_than_the_sidecar_and_both_are_kept() {
    let service = Service::start().await;
    let broken = body(&without(created(1), "/user_id"));
    service.deliver_with(DEAD, &[("dead-letter-reason", b"the app does not want it")], broken).await;
    service.deliver("task-updates.dead", body(&created(1))).await;
    let (_, page) = service.dead_letters("").await;
    let told = |n: usize| (page["items"][n]["cause"].clone(), page["items"][n]["reason"].clone());
    assert_eq!(told(1), (json!("/data/user_id is missing"), json!("the app does not want it")));
    assert_eq!(told(0), (json!("unknown: the message keeps the contract"), Value::Null));
    assert_eq!((&page["items"][0]["attempts"], &page["items"][0]["consumer"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn headers_of_any_kind_do_no_harm() {
    let service = Service::start().await;
    let long = [b'y'; 4_000];
    let headers: [(&str, &[u8]); 5] = [
        ("dead-letter-reason", b"\x80\xff\t\x9b31m"),
        ("dead-letter-attempts", b"99999999999999"),
        ("dead-letter-app", &long),
        ("__partition", b"\xff"),
        ("__offset", b"first"),
    ];
    for _ in 0..2 {
        assert_eq!(service.deliver_with(DEAD, &headers, body(&created(1))).await, "SUCCESS");
    }
    let (_, page) = service.dead_letters("").await;
    let [letter] = page["items"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert!(!letter["reason"].as_str().unwrap().contains(char::is_control), "{letter}");
    assert_eq!((&letter["attempts"], letter["consumer"].as_str().unwrap().len()), (&Value::Null, 500));
}

#[tokio::test]
async fn the_same_is_what_has_the_same_bytes_at_the_same_place() {
    let service = Service::start().await;
    let at = |partition: &'static str, offset: &'static str| {
        [("__partition", partition.as_bytes()), ("__offset", offset.as_bytes())]
    };
    for (topic, headers, bytes, count) in [
        (DEAD, &at("1", "7")[..], "poison", 1),
        (DEAD, &at("1", "7"), "poison", 1),
        (DEAD, &at("1", "8"), "poison", 2),
        (DEAD, &at("2", "7"), "poison", 3),
        ("user-activities.dead", &at("1", "7"), "poison", 4),
        // The broker was made anew and counts from the start.
        (DEAD, &at("1", "7"), "another", 5),
        // A broker that does not say where it was.
        (DEAD, &[], "poison", 6),
        (DEAD, &[], "poison", 6),
        (DEAD, &[], "another", 7),
    ] {
        assert_eq!(service.deliver_with(topic, headers, bytes).await, "SUCCESS");
        assert_eq!(service.count("dead_letters_stored").await, count, "{topic} {headers:?} {bytes}");
    }
}

#[tokio::test]
async fn deliveries_at_the_same_moment_make_one_letter() {
    let service = std::sync::Arc::new(Service::start().await);
    let deliveries: Vec<_> = (0..20)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { service.deliver(DEAD, "poison").await })
        })
        .collect();
    for delivery in deliveries {
        assert_eq!(delivery.await.unwrap(), "SUCCESS");
    }
    assert_eq!(service.count("dead_letters_stored").await, 1);
}
