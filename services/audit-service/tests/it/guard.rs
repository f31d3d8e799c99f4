//! What is meant for the sidecar is not there for anybody else.

use serde_json::{Value, json};

use crate::fact::{TASK, WORKSPACE, body, created};
use crate::service::{Service, TOKEN};

#[tokio::test]
async fn without_the_token_nothing_is_there() {
    let service = Service::start().await;
    let history = format!("/internal/audit-logs?workspace_ids={WORKSPACE}");
    let deleted = format!("/internal/deleted-tasks/{TASK}?workspace_ids={WORKSPACE}");
    let routes = [
        ("GET", "/dapr/subscribe"),
        ("POST", "/events/task-events"),
        ("POST", "/events/reminders"),
        ("POST", "/events/user-activities"),
        ("POST", "/events/task-events.dead"),
        ("GET", history.as_str()),
        ("GET", "/internal/dead-letters"),
        ("GET", "/internal/dead-letters/01920000-0000-7000-8000-000000000001"),
        ("POST", "/internal/dead-letters/01920000-0000-7000-8000-000000000001/replay"),
        ("GET", deleted.as_str()),
    ];
    for (method, path) in routes {
        for token in [None, Some(""), Some("a guess")] {
            let mut request = service.request(method, path).body(body(&created(1)));
            if let Some(token) = token {
                request = request.header("dapr-api-token", token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 404, "{method} {path} with {token:?}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], "not_found");
        }
    }
    assert_eq!(service.entries().await, 0);
    assert_eq!(service.dead_letters("").await.1["items"], json!([]));
}

#[tokio::test]
async fn the_sidecar_is_told_the_topics() {
    let service = Service::start().await;
    let answer = service.request("GET", "/dapr/subscribe").header("dapr-api-token", TOKEN).send().await.unwrap();
    let topic = |name: &str| {
        json!({
            "pubsubname": "pubsub", "topic": name, "route": format!("/events/{name}"),
            "deadLetterTopic": format!("{name}.dead"),
        })
    };
    let dead = |name: &str| {
        json!({
            "pubsubname": "pubsub", "topic": name, "route": format!("/events/{name}"),
            "metadata": { "rawPayload": "true" },
        })
    };
    let expected = json!([
        topic("task-events"),
        topic("reminders"),
        topic("user-activities"),
        dead("task-events.dead"),
        dead("task-updates.dead"),
        dead("reminders.dead"),
        dead("user-activities.dead"),
        dead("system-notifications.dead"),
    ]);
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn other_topics_are_not_taken() {
    let service = Service::start().await;
    let request = service.request("POST", "/events/task-updates").header("dapr-api-token", TOKEN);
    assert_eq!(request.body(body(&created(1))).send().await.unwrap().status(), 404);
}
