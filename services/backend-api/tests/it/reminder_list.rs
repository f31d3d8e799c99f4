//! `GET /api/{user_id}/reminders`: what notification-service is asked, and how its answer is told.

use serde_json::{Value, json};

use crate::harness::Api;
use crate::trail::Trail;

const PATH: &str = "/api/alice/reminders";
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn workspace_ids(question: &Value) -> Vec<&str> {
    question["workspace_ids"].as_str().unwrap().split(',').collect()
}

#[tokio::test]
async fn reminders_are_told_as_they_are_kept() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    let least = json!({
        "id": ID, "task_id": ID, "task_title": "Pay the rent", "status": "dormant", "before": "PT1H", "late": false,
        "results": [], "version": 1, "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
    });
    let full = json!({
        "id": ID, "task_id": ID, "task_title": "Pay the rent", "status": "sent", "at": "2026-01-31T08:00:00Z",
        "channels": ["email"], "fire_at": "2026-01-31T08:00:00Z", "late": true, "sent_at": "2026-01-31T09:00:00.500Z",
        "reason": "It was late", "version": 3,
        "results": [{"user_id": "alice", "channel": "email", "status": "sent"},
            {"user_id": "bob", "channel": "email", "status": "skipped", "detail": "has no address"}],
        "created_at": "2026-01-31T07:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
    });
    for kept in [least, full] {
        trail.notifications.remind(&kept);
        let page = alice.client.get(PATH).await.expect(200).json();
        let told = page["items"][0].as_object().unwrap();
        for (member, value) in told {
            let expected = if member == "results" { &kept[member][0]["user_id"] } else { &kept[member] };
            let value = if member == "results" { &value[0]["user_id"] } else { value };
            assert_eq!(value, expected, "{member}");
        }
        assert!(kept.as_object().unwrap().keys().all(|member| told.contains_key(member)), "{told:?}");
    }
}

#[tokio::test]
async fn they_are_asked_for_the_workspaces_of_the_user_and_nothing_else() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let mine = alice.create(json!({"title": "Mine"})).await["workspace_id"].clone();
    bob.create(json!({"title": "Bob's"})).await;
    let query = format!("{PATH}?task_id={ID}&status=failed&limit=7");
    let answer = alice.client.get(&query).await.expect(200);
    let cursor = answer.json()["next_cursor"].as_str().unwrap().to_owned();
    let asked = trail.notifications.take_asked();
    assert_eq!(asked, [json!({"workspace_ids": mine, "task_id": ID, "status": "failed", "limit": "7"})]);

    let next = answer.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(next, format!("{query}&cursor={cursor}"));
    let last = alice.client.get(&next).await.expect(200);
    assert_eq!((&last.json()["next_cursor"], last.header("link")), (&Value::Null, None));
    let asked = trail.notifications.take_asked();
    assert_eq!((workspace_ids(&asked[0]).len(), &asked[0]["after"]), (1, &json!("its own place")));
    // The cursor is of these filters, and of this user.
    for other in [format!("{PATH}?status=failed&cursor={cursor}"), format!("{PATH}?cursor={cursor}")] {
        alice.client.get(&other).await.expect_problem(400, "cursor_invalid");
    }
    let bobs = query.replace("alice", "bob");
    bob.client.get(&format!("{bobs}&cursor={cursor}")).await.expect_problem(400, "cursor_invalid");
    assert_eq!(trail.notifications.take_asked(), [] as [Value; 0]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    for (query, pointer, code) in [
        ("task_id=x", "/task_id", "id_invalid"),
        ("status=pending", "/status", "status_unknown"),
        ("status=", "/status", "status_unknown"),
        ("limit=201", "/limit", "limit_invalid"),
        ("colour=red", "/colour", "unknown_parameter"),
    ] {
        let problem = alice.client.get(&format!("{PATH}?{query}")).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    for status in ["scheduled", "sent", "failed", "cancelled", "dormant"] {
        alice.client.get(&format!("{PATH}?status={status}")).await.expect(200);
    }
    assert_eq!(trail.notifications.take_asked().len(), 5);
}
