//! `/api/{user_id}/notification-preferences`: notification-service knows the rules, and its words are passed on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Person};
use crate::notification_service::usual_preferences;
use crate::trail::Trail;

const PATH: &str = "/api/alice/notification-preferences";

async fn change(person: &Person, patch: &Value) -> Value {
    person.client.patch(PATH, patch).await.expect(200).json()
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, service) = (api.person("alice"), &trail.notifications);
    assert_eq!(alice.client.get(PATH).await.expect(200).json(), usual_preferences());
    assert_eq!(service.take_asked(), [json!({"user_id": "alice"})]);

    let patch = json!({
        "events": {"comment_added": {"email": true}}, "quiet_hours": {"from": "22:00", "to": "07:00"}, "digest": {"hour": 8},
        "phone": "+4915112345678", "timezone": "Europe/Berlin",
    });
    let changed = change(&alice, &patch).await;
    assert_eq!(service.take_asked(), [json!({"user_id": "alice", "changes": patch})], "as it came");
    assert_eq!(changed["events"]["comment_added"], json!({"email": true, "sms": false, "in_app": true}));
    for member in ["quiet_hours", "digest", "phone", "timezone"] {
        assert_eq!(changed[member], patch[member], "{member}");
    }
    assert_eq!(alice.client.get(PATH).await.expect(200).json(), changed);

    let cleared = change(&alice, &json!({"quiet_hours": null, "phone": null})).await;
    assert_eq!(
        (&cleared["quiet_hours"], &cleared["phone"], &cleared["digest"]),
        (&Value::Null, &Value::Null, &json!({"hour": 8}))
    );
    assert_eq!(change(&alice, &json!({})).await, cleared);
}

#[tokio::test]
async fn what_notification_service_refuses_is_told_in_its_words() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    let patch = json!({"colour": "red", "phone": "0151 12345678"});
    let problem = alice.client.patch(PATH, &patch).await.expect_problem(422, "validation_failed");
    let expected = json!({
        "type": "urn:tidings:problem:validation_failed", "title": "The request is invalid", "status": 422,
        "code": "validation_failed", "detail": "See errors.", "instance": PATH,
        "errors": [{"pointer": "/colour", "code": "unknown_field", "detail": "…"},
            {"pointer": "/phone", "code": "phone_invalid", "detail": "x".repeat(400)}],
    });
    assert_eq!(problem, expected, "whole, but for the path that was asked");
    assert_eq!(trail.notifications.take_asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_patch_does_not_reach_it() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    let patch = |kind: &'static str, body: &'static str| {
        alice.client.request(Method::PATCH, PATH).body(kind, body.as_bytes().to_vec()).send()
    };
    for (kind, body, status, code) in [
        ("application/merge-patch+json", "{", 400, "json_syntax"),
        ("application/merge-patch+json", "", 400, "json_syntax"),
        ("application/json", "[]", 422, "validation_failed"),
        ("application/json", "null", 422, "validation_failed"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/json", r#"{"phone": null, "phone": "+4915112345678"}"#, 422, "validation_failed"),
    ] {
        patch(kind, body).await.expect_problem(status, code);
    }
    for (body, pointer) in [
        (r#"{"quiet_hours": null, "phone": null, "quiet_hours": null}"#, "/quiet_hours"),
        (r#"{"events": {"reminder": {"email": true}, "reminder": {"email": false}}}"#, "/events/reminder"),
        (r#"{"events": {"reminder": {"a/b": true, "sms": 1.5, "a/b": ["", -1]}}}"#, "/events/reminder/a~1b"),
    ] {
        let problem = patch("application/json", body).await.expect_problem(422, "validation_failed");
        let told = &problem["errors"][0];
        assert_eq!((&told["pointer"], &told["code"]), (&json!(pointer), &json!("duplicate_field")), "{body}");
    }
    assert_eq!(trail.notifications.take_asked(), [] as [Value; 0]);
    patch("application/merge-patch+json", "{}").await.expect(200);
}
