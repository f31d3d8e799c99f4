//! What people choose.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fact::created;
use crate::service::Service;

async fn choose(service: &Service, changes: Value) -> (u16, Value) {
    service.ask(Method::PATCH, "/internal/preferences", Some(&json!({"user_id": "alice", "changes": changes}))).await
}

#[tokio::test]
async fn what_is_chosen_is_kept_and_the_rest_is_the_default() {
    let service = Service::start().await;
    let default = service.get("/internal/preferences?user_id=alice").await;
    assert_eq!(default["events"]["reminder"], json!({"email": true, "sms": true, "in_app": true}));
    assert_eq!(default["events"]["task_completed"], json!({"email": false, "sms": false, "in_app": true}));
    assert_eq!(
        (&default["quiet_hours"], &default["digest"], &default["phone"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(default["channels"]["in_app"]["configured"], true);
    let changes =
        json!({"quiet_hours": {"from": "22:00", "to": "07:00"}, "digest": {"hour": 8}, "phone": "+4915112345678"});
    let (status, chosen) = choose(&service, changes).await;
    assert_eq!((status, &chosen["digest"]), (200, &json!({"hour": 8})));
    assert_eq!(service.get("/internal/preferences?user_id=alice").await, chosen);
    assert_eq!(service.get("/internal/preferences?user_id=bob").await, default);
    assert_eq!(choose(&service, json!({"digest": null, "phone": null, "quiet_hours": null})).await.1, default);
}

#[tokio::test]
async fn what_cannot_be_chosen_changes_nothing() {
    let service = Service::start().await;
    let (status, problem) =
        choose(&service, json!({"phone": "0151", "events": {"reminder": {"pigeon": true}}, "digest": {"hour": 9}}))
            .await;
    assert_eq!(status, 422);
    let told: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("/events/reminder/pigeon", "channel_unknown"), ("/phone", "phone_invalid")]);
    assert_eq!(service.get("/internal/preferences?user_id=alice").await["digest"], Value::Null);
}

#[tokio::test]
async fn what_is_switched_off_is_not_told() {
    let service = Service::start().await;
    choose(&service, json!({"events": {"reminder": {"in_app": false}}})).await;
    service.learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z", "channels": ["in_app"]}]}))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let failed = service.becomes("failed").await;
    assert_eq!(
        failed["results"],
        json!([{"user_id": "alice", "channel": "in_app", "status": "skipped", "detail": "switched off"}])
    );
}
