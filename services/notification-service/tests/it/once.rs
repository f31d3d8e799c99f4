//! Everybody is told once.

use serde_json::{Value, json};
use testkit::eventually;
use uuid::Uuid;

use crate::fact::{changed, created};
use crate::service::{DEADLINE, Service, payload};

fn at_ten(members: &Value) -> Value {
    let mut all = json!({"reminders": [{"at": "2026-01-31T10:00:00Z", "channels": ["in_app"]}]});
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    created(1, all)
}

#[tokio::test]
async fn a_person_in_several_roles_gets_one_message() {
    let service = Service::start().await;
    service.learn(&at_ten(&json!({"assignee": "alice"}))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let sent = service.becomes("sent").await;
    assert_eq!(sent["results"], json!([{"user_id": "alice", "channel": "in_app", "status": "sent"}]));
    let list = service.list("alice").await;
    assert_eq!(list.len(), 1);
    assert_eq!((&list[0]["kind"], &list[0]["title"]), (&json!("reminder"), &json!("Reminder: Water the plants")));
    assert_eq!((&list[0]["reminder_id"], &list[0].get("read_at")), (&sent["id"], &None));
}

#[tokio::test]
async fn everybody_who_has_to_do_with_it_is_told_unless_they_may_not_see_it_any_more() {
    let service = Service::start().await;
    service.learn(&at_ten(&json!({"assignee": "bob", "reporter": "carol"}))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    service.becomes("sent").await;
    let reminded = |user_id: &'static str| {
        let service = &service;
        async move { service.list(user_id).await.iter().filter(|told| told["kind"] == "reminder").count() }
    };
    assert_eq!([reminded("alice").await, reminded("bob").await, reminded("carol").await], [1, 1, 0], "carol is nobody");

    let service = Service::start().await;
    service.learn(&at_ten(&json!({}))).await;
    service.backend.shut_out("alice");
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let silent = service.becomes("cancelled").await;
    assert_eq!(silent["reason"], "nobody may see the task");
    assert!(service.list("alice").await.is_empty());
}

#[tokio::test]
async fn two_replicas_and_a_bell_that_rings_twice_send_one() {
    let service = Service::start().await;
    let _other = service.another().await;
    service.learn(&at_ten(&json!({}))).await;
    let reminder = service.reminder().await;
    service.is("10:00");
    let by_hand = payload(&reminder);
    let all =
        (0..8).map(|n| {
            let (service, reminder, by_hand) = (&service, &reminder, &by_hand);
            async move {
                if n % 2 == 0 { service.ring(reminder).await } else { service.post("/jobs/reminder", by_hand).await }
            }
        });
    for (status, _) in futures::future::join_all(all).await {
        assert_eq!(status, 200);
    }
    service.becomes("sent").await;
    assert_eq!(service.list("alice").await.len(), 1);
    let sent = service.told_types().await;
    assert_eq!(sent, ["reminder.scheduled", "notification.created", "reminder.sent"]);
}

#[tokio::test]
async fn one_fired_by_hand_before_its_moment_is_not_sent_again_at_it() {
    let service = Service::start().await;
    service.learn(&at_ten(&json!({}))).await;
    let reminder = service.reminder().await;
    let (status, answer) = service.post("/jobs/reminder", &payload(&reminder)).await;
    assert_eq!((status, &answer["status"]), (200, &json!("sent")));
    service.is("10:00");
    service.ring(&reminder).await;
    assert_eq!(service.post("/jobs/reminder", &payload(&reminder)).await.1["status"], "sent");
    assert_eq!(service.list("alice").await.len(), 1);
}

#[tokio::test]
async fn while_backend_api_is_away_nobody_is_told_and_afterwards_once() {
    let service = Service::start().await;
    service.learn(&at_ten(&json!({}))).await;
    service.backend.is_away(true);
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    eventually(DEADLINE, || async { (service.backend.questions() > 0).then_some(()) }).await;
    assert_eq!(service.reminder().await["status"], "scheduled");
    service.backend.is_away(false);
    service.clock.advance(chrono::TimeDelta::minutes(1));
    service.ring(&service.reminder().await).await;
    assert_eq!(service.becomes("sent").await["late"], true);
    assert_eq!(service.list("alice").await.len(), 1);
}

#[tokio::test]
async fn a_thousand_of_one_second_are_all_sent_once() {
    let service = Service::start().await;
    for n in 1..=20_u128 {
        let reminders: Vec<Value> =
            (0..50).map(|_| json!({"at": "2026-01-31T10:00:00Z", "channels": ["in_app"]})).collect();
        service
            .learn(&created(n, json!({"id": Uuid::from_u128(n), "title": n.to_string(), "reminders": reminders})))
            .await;
    }
    service.is("10:00");
    // One bell is enough.
    service.ring(&service.reminders().await[0]).await;
    let count = |what: &'static str| {
        let service = &service;
        async move { service.told_types().await.iter().filter(|event_type| *event_type == what).count() }
    };
    eventually(DEADLINE, || async { (count("reminder.sent").await == 1_000).then_some(()) }).await;
    assert_eq!(count("notification.created").await, 1_000);
}

#[tokio::test]
async fn one_that_moves_after_it_was_sent_is_sent_again_at_its_new_moment() {
    let service = Service::start().await;
    let first = created(
        1,
        json!({"due_date": "2026-01-31T10:00:00Z", "reminders": [{"before": "PT0S", "channels": ["in_app"]}]}),
    );
    service.learn(&first).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    service.becomes("sent").await;
    service.learn(&changed(2, &first, "task.updated", "10:05", json!({"due_date": "2026-01-31T11:00:00Z"}))).await;
    let again = service.becomes("scheduled").await;
    assert_eq!((&again["results"], &again.get("sent_at")), (&json!([]), &None));
    service.is("11:00");
    service.ring(&again).await;
    service.becomes("sent").await;
    assert_eq!(service.list("alice").await.len(), 2);
}
