//! Events as backend-api publishes them.

use serde_json::{Value, json};
use uuid::Uuid;

/// The workspace of all facts.
pub(crate) const WORKSPACE: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00aa);

/// The task of all facts that do not say otherwise, and the series that it begins.
pub(crate) const TASK: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00bb);

/// Every day, as tasks carry it.
pub(crate) fn daily() -> Value {
    json!({"frequency": "daily", "rrule": "FREQ=DAILY", "text": "every day", "mode": "schedule"})
}

/// The `n`th event of Alice's workspace: her task, which is to be done every day at 09:00 in Berlin, was created with these members besides.
pub(crate) fn created(n: u128, members: Value) -> Value {
    let mut task = json!({
        "id": TASK, "user_id": "alice", "workspace_id": WORKSPACE, "title": "Water the plants", "description": "- [x] fern\n- [ ] palm",
        "status": "todo", "completed": false, "priority": "high", "tags": ["home"], "due_date": "2026-01-31T08:00:00Z",
        "timezone": "Europe/Berlin", "recurrence": daily(), "reminders": [{"before": "PT1H"}], "reporter": "alice", "assignee": "bob",
        "recurrence_id": members.get("id").cloned().unwrap_or(json!(TASK)), "occurrence": 1,
        "version": 1, "created_at": "2026-01-31T07:00:00Z", "updated_at": "2026-01-31T07:00:00Z",
    });
    set(&mut task, members);
    json!({
        "event_id": Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + n),
        "event_type": "task.created", "user_id": "alice", "organization_id": WORKSPACE,
        "sequence": u64::try_from(n).unwrap(), "timestamp": "2026-01-31T09:00:00Z", "task_data": task,
        "metadata": { "source": "rest_api", "version": "1.0" },
    })
}

/// The `n`th event: after `before`, the task became so. A member that is null is taken away.
pub(crate) fn changed(n: u128, before: &Value, event_type: &str, members: Value) -> Value {
    let mut event = created(n, json!({}));
    event["event_type"] = json!(event_type);
    event["previous_data"] = before["task_data"].clone();
    event["task_data"] = before["task_data"].clone();
    event["task_data"]["version"] = json!(before["task_data"]["version"].as_u64().unwrap() + 1);
    set(&mut event["task_data"], members);
    event
}

/// It was done at that moment.
pub(crate) fn completed(n: u128, before: &Value, at: &str) -> Value {
    changed(n, before, "task.completed", json!({"status": "done", "completed": true, "completed_at": at}))
}

/// It is to be done after all.
pub(crate) fn reopened(n: u128, before: &Value) -> Value {
    changed(n, before, "task.reopened", json!({"status": "todo", "completed": false, "completed_at": null}))
}

/// The `n`th event: backend-api made the task that it was asked for.
pub(crate) fn made(n: u128, asked: &Value) -> Value {
    let mut members = asked.clone();
    members["recurrence_id"] = asked["series_id"].clone();
    members.as_object_mut().unwrap().remove("series_id");
    let mut event = created(n, members);
    event["metadata"]["source"] = json!("recurring");
    event
}

fn set(task: &mut Value, members: Value) {
    let task = task.as_object_mut().unwrap();
    let Value::Object(members) = members else { panic!("members of a task") };
    for (name, value) in members {
        if value.is_null() {
            task.remove(&name);
        } else {
            task.insert(name, value);
        }
    }
}
