//! What people choose.

use platform::database::begin;
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::eventually;

use crate::fact::created;
use crate::service::{DEADLINE, Service};

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
async fn of_very_many_mistakes_the_first_are_told() {
    let service = Service::start().await;
    let changes: serde_json::Map<_, _> = (0..10_000).map(|n| (format!("m{n}"), Value::Null)).collect();
    let (status, problem) = choose(&service, json!(changes)).await;
    assert_eq!((status, problem["errors"].as_array().unwrap().len()), (422, 50));
    assert_eq!(problem["detail"], "10000 members are invalid; the first 50 of them are in errors.");
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

#[tokio::test]
async fn the_profile_is_asked_only_where_a_digest_depends_on_it() {
    let service = Service::start().await;
    service.backend.is_away(true);
    assert_eq!(choose(&service, json!({"timezone": "Asia/Tokyo", "quiet_hours": null})).await.0, 200);
    assert_eq!(
        choose(&service, json!({"digest": {"hour": 25}})).await.0,
        422,
        "what is wrong is wrong without an answer"
    );
    // Where their clock is, they said themselves.
    assert_eq!(choose(&service, json!({"digest": {"hour": 20}})).await.0, 200);
    let next = "SELECT extract(epoch FROM next_digest_at)::bigint FROM notification.preferences";
    assert_eq!(service.number(next).await, moment("2026-01-31T11:00:00Z"));
    assert_eq!(choose(&service, json!({"timezone": null})).await.0, 503);
    service.backend.is_away(false);
    // In Berlin, where the profile is.
    assert_eq!(choose(&service, json!({"timezone": null})).await.0, 200);
    assert_eq!(service.number(next).await, moment("2026-01-31T19:00:00Z"));
}

#[tokio::test]
async fn who_chooses_several_things_at_once_for_the_first_time_keeps_all_of_them() {
    let service = Service::start().await;
    let kinds = ["reminder", "task_completed", "task_assigned", "comment_added", "system"];
    let changes = kinds.map(|kind| choose(&service, json!({"events": {kind: {"in_app": false}}})));
    // All of them have begun before one can store anything.
    let owner = service.database.connect_as_owner().await;
    let obstacle = begin(&owner).await.unwrap();
    obstacle.execute_unprepared("LOCK TABLE notification.preferences IN SHARE MODE").await.unwrap();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notification.preferences'::regclass";
    let begin_together = async {
        eventually(DEADLINE, || async { (service.number(waiting).await == 5).then_some(()) }).await;
        obstacle.rollback().await.unwrap();
    };
    let (answers, ()) = futures::future::join(futures::future::join_all(changes), begin_together).await;
    for (status, answer) in answers {
        assert_eq!(status, 200, "{answer}");
    }
    let chosen = service.get("/internal/preferences?user_id=alice").await;
    assert!(kinds.iter().all(|kind| chosen["events"][kind]["in_app"] == false), "{chosen}");
}

fn moment(text: &str) -> i64 {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp()
}
