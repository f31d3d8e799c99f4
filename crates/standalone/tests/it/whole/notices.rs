//! What another system publishes by a sidecar, as `dapr publish --pubsub tasks --topic task-created` does.

use serde_json::{Value, json};
use testkit::eventually;
use testkit::http::Client;

use super::end_to_end::{DEADLINE, Whole};

const PATH: &str = "/v1.0/publish/tasks/task-created";

#[tokio::test]
async fn a_notice_of_another_system_is_on_the_trail_of_the_user_whom_it_names() {
    let whole = Whole::start().await;
    let (named, other) = (whole.person("456"), whole.person("457"));
    let sidecar = Client::new(whole.system.sidecar_url("backend-api").unwrap());
    sidecar.post(PATH, &json!({"taskId": "123", "userId": "456"})).await.expect(204);
    let path = "/api/456/audit-logs?event_type=external.task-created";
    let entry = eventually(DEADLINE, || async {
        let page = named.client.get(path).await.expect(200).json();
        page["items"].get(0).cloned()
    })
    .await;
    assert_eq!((&entry["user_id"], &entry["task_id"]), (&json!("456"), &Value::Null));
    assert_eq!(entry["details"]["data"], json!({"taskId": "123", "userId": "456"}));
    let theirs = other.client.get("/api/457/audit-logs?event_type=external.task-created").await.expect(200).json();
    assert_eq!(theirs["items"], json!([]));

    // One that says nothing of a user, mended.
    sidecar.post(PATH, &json!({"taskId": "124"})).await.expect(204);
    let audit = Client::new(whole.system.sidecar_url("audit-service").unwrap());
    let letters = "/v1.0/invoke/audit-service/method/internal/dead-letters";
    let letter = eventually(DEADLINE, || async {
        let page = audit.get(&format!("{letters}?topic=task-created")).await.expect(200).json();
        page["items"].get(0).cloned()
    })
    .await;
    assert_eq!(letter["cause"], "/data/userId must be text or a whole number");
    let id = letter["id"].as_str().unwrap();
    let mut event = audit.get(&format!("{letters}/{id}")).await.expect(200).json()["message"].take();
    event["data"]["userId"] = json!("456");
    audit.post(&format!("{letters}/{id}/replay"), &json!({ "event": event })).await.expect(200);
    eventually(DEADLINE, || async {
        let page = named.client.get(path).await.expect(200).json();
        (page["items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    let outside = sidecar.post("/v1.0/publish/tasks/task-deleted", &json!({})).await.expect(403).json();
    assert!(outside["message"].as_str().unwrap().contains("task-deleted"), "{outside}");
    whole.system.stop().await.unwrap();
}
