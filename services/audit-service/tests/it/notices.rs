//! Notices of other systems, as they are published to `tasks/task-created`.

use events::place_of_notices;
use serde_json::{Value, json};

use crate::service::Service;

/// As a sidecar wraps it.
fn notice(id: &str, data: &Value) -> String {
    json!({
        "specversion": "1.0", "id": id, "source": "elsewhere", "type": "com.dapr.event.sent", "pubsubname": "tasks",
        "topic": "task-created", "datacontenttype": "application/json", "time": "2026-01-31T09:00:00Z", "data": data,
    })
    .to_string()
}

async fn items(service: &Service, user: &str) -> Vec<Value> {
    let (status, page) = service.history(&[("workspace_ids", &place_of_notices(user).to_string())]).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_notice_is_recorded_once_for_the_user_whom_it_names() {
    let service = Service::start().await;
    let data = json!({"taskId": "123", "userId": "456"});
    for _ in 0..3 {
        assert_eq!(service.deliver("task-created", notice("one", &data)).await, "SUCCESS");
    }
    assert_eq!(service.deliver("task-created", notice("two", &data)).await, "SUCCESS");
    let items = items(&service, "456").await;
    assert_eq!(items.len(), 2);
    for item in &items {
        assert_eq!((&item["event_type"], &item["user_id"]), (&json!("external.task-created"), &json!("456")));
        assert_eq!((&item["task_id"], &item["timestamp"]), (&Value::Null, &json!("2026-01-31T09:00:00Z")));
        assert_eq!((&item["details"]["pubsub"], &item["details"]["topic"]), (&json!("tasks"), &json!("task-created")));
        assert_eq!(item["details"]["data"], data);
    }
    assert_eq!(self::items(&service, "457").await, Vec::<Value>::new());
    assert_eq!((service.count("entries_recorded").await, service.count("events_duplicate").await), (2, 2));
}

#[tokio::test]
async fn a_notice_about_one_of_our_tasks_is_no_deletion_of_it() {
    let service = Service::start().await;
    let task = "01890a5d-ac96-774b-bcce-b302099a8057";
    let data = json!({"taskId": task, "userId": "456", "event_type": "task.deleted", "task_data": {"title": "x"}});
    assert_eq!(service.deliver("task-created", notice("one", &data)).await, "SUCCESS");
    assert_eq!(items(&service, "456").await[0]["task_id"], task);
    let place = place_of_notices("456");
    let request = service.request("GET", &format!("/internal/deleted-tasks/{task}?workspace_ids={place}"));
    let answer = request.header("dapr-api-token", crate::service::TOKEN).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"deletion": null}));
}

#[tokio::test]
async fn what_is_no_notice_or_takes_the_name_of_another_is_a_dead_letter() {
    let service = Service::start().await;
    assert_eq!(
        service.deliver("task-created", notice("one", &json!({"taskId": "1", "userId": "456"}))).await,
        "SUCCESS"
    );
    for (id, data) in
        [("one", json!({"taskId": "2", "userId": "456"})), ("two", json!({"userId": "456"})), ("three", json!("text"))]
    {
        assert_eq!(service.deliver("task-created", notice(id, &data)).await, "DROP", "{id}");
    }
    assert_eq!(items(&service, "456").await.len(), 1);
    let broken = notice("two", &json!({"userId": "456"}));
    assert_eq!(service.deliver("task-created.dead", broken).await, "SUCCESS");
    let (_, letters) = service.dead_letters("?topic=task-created").await;
    assert_eq!(letters["items"][0]["cause"], "/data/taskId must be text or a whole number");
}
