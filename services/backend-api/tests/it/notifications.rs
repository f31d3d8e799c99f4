//! `/api/{user_id}/notifications`: what a user was told, and what they have read of it.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::harness::{Api, Person, key};
use crate::trail::Trail;

const PATH: &str = "/api/alice/notifications";

async fn post(person: &Person, path: &str) -> Answer {
    person.client.request(Method::POST, &format!("/api/{}/notifications/{path}", person.id)).send().await
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_user_sees_what_they_were_told_and_how_much_is_unread() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, service) = (api.person("alice"), &trail.notifications);
    let (first, second) = (service.tell("alice"), service.tell("alice"));
    service.tell("bob");
    post(&alice, &format!("{first}/read")).await.expect(204);
    service.take_asked();

    let answer = alice.client.get(&format!("{PATH}?limit=2")).await.expect(200);
    let page = answer.json();
    assert_eq!((ids(&page), &page["unread"]), (vec![second.as_str(), &first], &json!(1)));
    let expected = json!({
        "id": first, "kind": "reminder", "title": "Reminder: Pay the rent", "body": "It is due at 10:00.", "task_id": null,
        "reminder_id": null, "read_at": "2026-01-31T09:01:00Z", "created_at": "2026-01-31T09:00:00Z",
    });
    assert_eq!(page["items"][1], expected);
    assert_eq!(service.take_asked(), [json!({"user_id": "alice", "limit": "2"})]);

    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(answer.header("link").unwrap(), format!("<{PATH}?limit=2&cursor={cursor}>; rel=\"next\""));
    let last = alice.client.get(&format!("{PATH}?cursor={cursor}")).await.expect(200).json();
    assert_eq!(last["next_cursor"], Value::Null);
    assert_eq!(service.take_asked(), [json!({"user_id": "alice", "after": "its own place", "limit": "50"})]);
    alice.client.get(&format!("{PATH}?unread=true&cursor={cursor}")).await.expect_problem(400, "cursor_invalid");

    for (unread, expected) in [("true", &second), ("false", &first)] {
        let page = alice.client.get(&format!("{PATH}?unread={unread}")).await.expect(200).json();
        assert_eq!(ids(&page), [expected.as_str()], "{unread}");
    }
    for (query, pointer, code) in [("unread=1", "/unread", "boolean_invalid"), ("limit=0", "/limit", "limit_invalid")] {
        let problem = alice.client.get(&format!("{PATH}?{query}")).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
}

#[tokio::test]
async fn a_notification_is_read_and_unread_as_often_as_one_likes() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, service) = (api.person("alice"), &trail.notifications);
    let id = service.tell("alice");
    for (verb, read) in [("read", true), ("read", true), ("unread", false), ("unread", false), ("read", true)] {
        let answer = post(&alice, &format!("{id}/{verb}")).await.expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(service.is_read(&id), read);
        assert_eq!(service.take_asked(), [json!({"user_id": "alice", "ids": [id], "read": read})]);
    }
    let others = service.tell("bob");
    post(&alice, "read-all").await.expect(204);
    assert_eq!(service.take_asked(), [json!({"user_id": "alice", "ids": null, "read": true})]);
    assert!(!service.is_read(&others));
    // All of nothing is read, too.
    post(&api.person("carol"), "read-all").await.expect(204);
}

#[tokio::test]
async fn anothers_notification_is_not_there() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, bobs) = (api.person("alice"), trail.notifications.tell("bob"));
    for id in [bobs.as_str(), "01890a5d-ac96-774b-bcce-b302099a8057", "seven", "%00"] {
        for verb in ["read", "unread"] {
            post(&alice, &format!("{id}/{verb}")).await.expect_problem(404, "not_found");
        }
    }
    assert!(!trail.notifications.is_read(&bobs));
    let body = alice.client.post(&format!("{PATH}/{bobs}/read"), &json!({"read": true})).await;
    body.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn a_repetition_asks_nobody_and_a_refusal_does_not_burn_the_key() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, service) = (api.person("alice"), &trail.notifications);
    let (id, key) = (service.tell("alice"), key());
    let send = |path: String| {
        let request = alice.client.request(Method::POST, &format!("{PATH}/{path}"));
        request.header("idempotency-key", &key).send()
    };
    send("01890a5d-ac96-774b-bcce-b302099a8057/read".to_owned()).await.expect_problem(404, "not_found");
    assert_eq!(send(format!("{id}/read")).await.expect(204).header("idempotent-replayed"), None);
    post(&alice, &format!("{id}/unread")).await.expect(204);
    service.take_asked();
    assert_eq!(send(format!("{id}/read")).await.expect(204).header("idempotent-replayed"), Some("true"));
    assert!(!service.is_read(&id) && service.take_asked().is_empty());
    for other in [format!("{id}/unread"), "read-all".to_owned()] {
        send(other).await.expect_problem(422, "idempotency_key_reused");
    }
}

#[tokio::test]
async fn while_its_keeper_is_away_it_is_said_so() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let read = format!("{PATH}/01890a5d-ac96-774b-bcce-b302099a8057/read");
    for (method, path) in [
        (Method::GET, PATH),
        (Method::GET, "/api/alice/reminders"),
        (Method::GET, "/api/alice/notification-preferences"),
        (Method::POST, &read),
    ] {
        let answer = alice.client.request(method, path).send().await;
        answer.expect_problem(503, "service_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
    }
}
