//! What is shown of reminders and notifications.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::fact::{TASK, WORKSPACE, created};
use crate::service::Service;

/// Every page of a list, asked for by two.
async fn pages(service: &Service, path: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("{path}&limit=2{after}")).await;
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { return items };
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn reminders_are_listed_page_by_page_of_workspaces_tasks_and_statuses() {
    let service = Service::start().await;
    for n in 1..=5_u128 {
        let id = Uuid::from_u128(n);
        let hour = 9 + n;
        service
            .learn(&created(n, json!({"id": id, "reminders": [{"at": format!("2026-01-31T{hour:02}:00:00Z")}]})))
            .await;
    }
    let other = Uuid::from_u128(7);
    let path = format!("/internal/reminders?workspace_ids={WORKSPACE},{other}");
    let all = pages(&service, &path).await;
    assert_eq!(all.len(), 5);
    assert!(pages(&service, &format!("/internal/reminders?workspace_ids={other}")).await.is_empty());
    let of_task = pages(&service, &format!("{path}&task_id={}", Uuid::from_u128(3))).await;
    assert_eq!((of_task.len(), &of_task[0]["at"]), (1, &json!("2026-01-31T12:00:00Z")));
    service.is("10:00");
    service.ring(&pages(&service, &format!("{path}&task_id={}", Uuid::from_u128(1))).await[0]).await;
    service.lists("alice", 1).await;
    testkit::eventually(crate::service::DEADLINE, || async {
        (pages(&service, &format!("{path}&status=scheduled")).await.len() == 4).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_on_a_list_can_be_read_and_unread() {
    let service = Service::start().await;
    for n in 1..=3_u128 {
        service
            .learn(&created(n, json!({"id": Uuid::from_u128(n), "reminders": [{"at": "2026-01-31T10:00:00Z"}]})))
            .await;
    }
    service.is("10:00");
    service.ring(&service.reminders().await[0]).await;
    service.lists("alice", 3).await;
    let unread = |unread: &'static str| {
        let service = &service;
        async move { pages(service, &format!("/internal/notifications?user_id=alice&unread={unread}")).await }
    };
    let all = unread("true").await;
    assert_eq!(all.len(), 3);
    let mark = |ids: Value, read: bool| json!({"user_id": "alice", "ids": ids, "read": read});
    let first = json!([all[0]["id"]]);
    for _ in 0..2 {
        // What is so already counts as there.
        let (status, answer) = service.post("/internal/notifications/read", &mark(first.clone(), true)).await;
        assert_eq!((status, answer), (200, json!({"changed": 1})));
    }
    assert_eq!((unread("true").await.len(), unread("false").await.len()), (2, 1));
    let of_bob = json!({"user_id": "bob", "ids": first, "read": false});
    assert_eq!(service.post("/internal/notifications/read", &of_bob).await.1, json!({"changed": 0}));
    service.post("/internal/notifications/read", &mark(Value::Null, true)).await;
    assert_eq!(service.get("/internal/notifications?user_id=alice").await["unread"], 0);
    service.post("/internal/notifications/read", &mark(first, false)).await;
    assert_eq!(service.get("/internal/notifications?user_id=alice").await["unread"], 1);
}

#[tokio::test]
async fn readiness_tells_which_channels_lack_what() {
    let service = Service::start().await;
    let ready = service.get("/readyz").await;
    let channels = &ready["checks"]["channels"];
    assert_eq!(channels["in_app"], json!({"configured": true, "missing": []}));
    assert_eq!(channels["email"]["configured"], false);
    assert!(!channels["sms"]["missing"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_channel_lacks_is_told_and_the_others_do_it() {
    let service = Service::start().await;
    service.learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z"}]}))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let sent = service.becomes("sent").await;
    let results = sent["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!((&results[0]["channel"], &results[0]["status"]), (&json!("email"), &json!("skipped")));
    assert!(results[0]["detail"].as_str().unwrap().starts_with("not configured"), "{sent}");
    assert_eq!((&results[1]["channel"], &results[1]["status"]), (&json!("in_app"), &json!("sent")));
    assert_eq!(sent["task_id"], json!(TASK));
}

#[tokio::test]
async fn one_that_no_channel_takes_fails_and_says_so_in_the_application() {
    let service = Service::start().await;
    service.learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z", "channels": ["sms"]}]}))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let failed = service.becomes("failed").await;
    assert!(failed["reason"].as_str().unwrap().starts_with("sms: not configured"), "{failed}");
    let list = service.list("alice").await;
    assert_eq!(
        (&list[0]["kind"], &list[0]["title"]),
        (&json!("delivery_failed"), &json!("Not sent: reminder of Water the plants"))
    );
    assert_eq!(service.told_types().await, ["reminder.scheduled", "reminder.failed", "notification.created"]);
}
