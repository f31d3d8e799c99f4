//! Publishing dead letters again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fact::{body, created, id, message, reminder, with, without};
use crate::service::{RECORDED_AT, Service};
use crate::sidecar::{Beside, DEADLINE};

/// A letter of these bytes, in a service whose sidecar is away.
async fn letter(bytes: String) -> (Service, String) {
    let service = Service::start().await;
    assert_eq!(service.deliver("task-events.dead", bytes).await, "SUCCESS");
    let (_, page) = service.dead_letters("").await;
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    (service, id)
}

async fn assert_still_dead(service: &Service, id: &str) {
    let (_, letter) = service.dead_letters(&format!("/{id}")).await;
    assert_eq!((&letter["status"], &letter["replays"]), (&json!("dead"), &json!([])));
    assert_eq!(service.count("dead_letters_replayed").await, 0);
}

#[tokio::test]
async fn what_is_still_broken_is_refused_with_its_place() {
    let (service, id) = letter(body(&without(created(1), "/user_id"))).await;
    let mended = |event: &Value| json!({ "event": event }).to_string();
    for (body, pointer, reason) in [
        (String::new(), "/data/user_id", "is missing"),
        ("{}".to_owned(), "/data/user_id", "is missing"),
        (mended(&message(&without(created(1), "/task_data/title"))), "/event/data/task_data/title", "is missing"),
        (mended(&created(1)), "/event/specversion", "is missing"),
        (mended(&with(message(&created(1)), "/data/sequence", json!(-1))), "/event/data/sequence", "is less than 0"),
        (mended(&Value::Null), "/event", "is not an object"),
        (mended(&json!("x")), "/event", "is not an object"),
    ] {
        let (status, problem) = service.replay(&id, body).await;
        assert_eq!((status, &problem["code"]), (422, &json!("dead_letter_still_broken")), "{problem}");
        assert_eq!(problem["errors"], json!([{ "pointer": pointer, "code": "malformed", "detail": reason }]));
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
    }
    assert_still_dead(&service, &id).await;
}

#[tokio::test]
async fn a_request_that_cannot_be_meant_is_refused() {
    let (service, id) = letter(body(&created(1))).await;
    let long = json!({ "event": "x".repeat(4 << 20) }).to_string();
    for (body, status, code) in [
        ("{".to_owned(), 400, "json_syntax"),
        (long, 413, "body_too_large"),
        ("[]".to_owned(), 422, "validation_failed"),
        (r#"{"evnet": {}}"#.to_owned(), 422, "validation_failed"),
        (r#"{"event": {}, "topic": "task-updates"}"#.to_owned(), 422, "validation_failed"),
    ] {
        let (answered, problem) = service.replay(&id, body).await;
        assert_eq!((answered, &problem["code"]), (status, &json!(code)), "{problem}");
    }
    let request = service.request("POST", &format!("/internal/dead-letters/{id}/replay"));
    let request = request.header("dapr-api-token", crate::service::TOKEN).body("event=1");
    assert_eq!(request.send().await.unwrap().status(), 415);
    assert_still_dead(&service, &id).await;
}

#[tokio::test]
async fn without_the_sidecar_nothing_is_recorded() {
    let (service, id) = letter(body(&created(1))).await;
    let (status, problem) = service.replay(&id, "").await;
    assert_eq!((status, &problem["code"]), (503, &json!("sidecar_unavailable")));
    assert_still_dead(&service, &id).await;
}

#[tokio::test]
async fn a_mended_reminder_reaches_the_history() {
    let beside = Beside::start().await;
    let event = reminder(1, "sent");
    beside.publish("reminders", &without(event.clone(), "/data/task_id")).await;
    let letter = &beside.letters("dead", 1).await[0];
    assert_eq!((&letter["topic"], &letter["cause"]), (&json!("reminders"), &json!("/data/data/task_id is missing")));
    let (status, replayed) = beside.replay(letter, Some(&message(&event))).await;
    assert_eq!((status, &replayed["recorded_before"]), (200, &json!(false)), "{replayed}");
    assert_eq!(beside.entry(&event).await["details"], event);
}

#[tokio::test]
async fn a_mended_event_reaches_the_history() {
    let beside = Beside::start().await;
    let event = created(1);
    beside.publish("task-events", &without(event.clone(), "/user_id")).await;
    let letter = &beside.letters("dead", 1).await[0];
    assert_eq!((&letter["cause"], &letter["event_id"]), (&json!("/data/user_id is missing"), &json!(id(1))));

    assert_eq!(beside.replay(letter, None).await.0, 422);
    let (_, whole) = beside.service.dead_letters(&format!("/{}", letter["id"].as_str().unwrap())).await;
    let mut mended = whole["message"].clone();
    mended["data"]["user_id"] = json!("alice");
    let (status, replayed) = beside.replay(letter, Some(&mended)).await;
    let expected = json!({ "id": letter["id"], "status": "replayed", "event_id": id(1), "recorded_before": false });
    assert_eq!((status, &replayed), (200, &expected));
    assert_eq!(beside.entry(&event).await["details"], event);

    let (_, whole) = beside.service.dead_letters(&format!("/{}", letter["id"].as_str().unwrap())).await;
    let replay = &whole["replays"][0];
    let expected = json!([{ "id": replay["id"], "event_id": id(1), "replayed_at": RECORDED_AT, "mended": mended }]);
    assert_eq!((&whole["status"], &whole["replays"]), (&json!("replayed"), &expected));
    assert_eq!(beside.letters("replayed", 1).await[0]["id"], letter["id"]);
    beside.letters("dead", 0).await;
    assert_eq!(beside.service.count("dead_letters_replayed").await, 1);
    let health: Value = beside.service.request("GET", "/health").send().await.unwrap().json().await.unwrap();
    assert_eq!(health["dead_letters"], json!({ "dead": 0, "of_newest": 1 }));
}

#[tokio::test]
async fn a_letter_whose_consumer_was_broken_is_replayed_as_it_is_and_again() {
    let beside = Beside::start().await;
    let event = created(1);
    let mut wrapped = message(&event);
    // It may be a dead letter because it took too long.
    wrapped["expiration"] = json!("2026-01-31T09:00:01Z");
    let headers: [(&str, &[u8]); 3] = [
        ("dead-letter-reason", b"the app answered 500"),
        ("dead-letter-attempts", b"11"),
        ("dead-letter-app", b"audit-service"),
    ];
    let delivered = beside.service.deliver_with("task-events.dead", &headers, wrapped.to_string()).await;
    assert_eq!(delivered, "SUCCESS");
    let letter = &beside.letters("dead", 1).await[0];

    let (status, replayed) = beside.replay(letter, None).await;
    assert_eq!((status, &replayed["recorded_before"]), (200, &json!(false)), "{replayed}");
    assert_eq!(beside.entry(&event).await["details"], event);
    let (status, replayed) = beside.replay(letter, None).await;
    assert_eq!((status, &replayed["recorded_before"]), (200, &json!(true)), "{replayed}");
    testkit::eventually(DEADLINE, || async { (beside.service.count("events_duplicate").await == 1).then_some(()) })
        .await;
    assert_eq!(beside.service.entries().await, 1);
    let (_, whole) = beside.service.dead_letters(&format!("/{}", letter["id"].as_str().unwrap())).await;
    let mended: Vec<_> = whole["replays"].as_array().unwrap().iter().map(|replay| &replay["mended"]).collect();
    assert_eq!(mended, [&Value::Null, &Value::Null]);
}

#[tokio::test]
async fn another_event_under_a_known_id_is_not_published() {
    let beside = Beside::start().await;
    let event = created(1);
    beside.publish("task-events", &event).await;
    beside.entry(&event).await;
    beside.service.deliver("task-updates.dead", body(&without(event.clone(), "/user_id"))).await;
    let letter = &beside.letters("dead", 1).await[0];

    let other = message(&with(event.clone(), "/task_data/title", json!("Burn the plants")));
    let (status, problem) = beside.replay(letter, Some(&other)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("event_id_taken")), "{problem}");
    beside.letters("dead", 1).await;
    let (status, replayed) = beside.replay(letter, Some(&message(&event))).await;
    assert_eq!((status, &replayed["recorded_before"]), (200, &json!(true)), "{replayed}");
    let renamed = with(other, "/data/event_id", json!(id(2)));
    assert_eq!(beside.replay(letter, Some(&renamed)).await.0, 200);
}

#[tokio::test]
async fn an_event_of_an_unknown_type_may_be_replayed() {
    let beside = Beside::start().await;
    beside.service.deliver("task-events.dead", body(&with(created(1), "/event_type", json!("task.teleported")))).await;
    let letter = &beside.letters("dead", 1).await[0];
    let (status, replayed) = beside.replay(letter, None).await;
    assert_eq!((status, &replayed["event_id"]), (200, &json!(id(1))), "{replayed}");
    testkit::eventually(DEADLINE, || async { (beside.service.count("events_unknown").await == 1).then_some(()) }).await;
}

#[tokio::test]
async fn what_no_sidecar_can_read_and_what_has_expired_is_stored_and_holds_up_nothing() {
    let beside = Beside::start().await;
    let raw = "/v1.0/publish/pubsub/task-events?metadata.rawPayload=true&metadata.partitionKey=tenant";
    beside.sidecar.request(Method::POST, raw).body("text/plain", "not json").send().await.expect(204);
    let mut expired = message(&created(1));
    expired["expiration"] = json!("2026-01-31T09:00:01Z");
    let keyed = "/v1.0/publish/pubsub/task-events?metadata.partitionKey=tenant";
    let event = beside.sidecar.request(Method::POST, keyed).body("application/cloudevents+json", expired.to_string());
    event.send().await.expect(204);
    beside.sidecar.post(keyed, &without(created(2), "/user_id")).await.expect(204);

    let letters = beside.letters("dead", 3).await;
    let told: Vec<&str> = letters.iter().rev().map(|letter| letter["reason"].as_str().unwrap()).collect();
    assert!(told[0].starts_with("no envelope can be read"), "{told:?}");
    assert_eq!(told[1], "it has expired");
    assert_eq!(beside.replay(&letters[1], None).await.0, 200);
    beside.entry(&created(1)).await;
}
