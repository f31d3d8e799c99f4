//! Events as backend-api publishes them.

use serde_json::{Value, json};
use uuid::Uuid;

/// The workspace of all facts.
pub(crate) const WORKSPACE: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00aa);

/// The task of all facts that do not say otherwise.
pub(crate) const TASK: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00bb);

/// The `n`th event of Alice's workspace, at 09:00: her task was created, with these members besides.
pub(crate) fn created(n: u128, members: Value) -> Value {
    let mut task = json!({
        "id": TASK, "user_id": "alice", "workspace_id": WORKSPACE, "title": "Water the plants", "description": "",
        "status": "todo", "completed": false, "priority": "none", "tags": ["home"], "timezone": "Europe/Berlin",
        "reminders": [], "reporter": "alice", "version": u64::try_from(n).unwrap(),
        "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
    });
    set(&mut task, members);
    json!({
        "event_id": Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + n),
        "event_type": "task.created", "user_id": "alice", "organization_id": WORKSPACE,
        "sequence": u64::try_from(n).unwrap(), "timestamp": "2026-01-31T09:00:00Z", "task_data": task,
        "metadata": { "source": "rest_api", "version": "1.0" },
    })
}

/// The `n`th event: after `before`, the task became so, at that hour and minute. A member that is null is taken away.
pub(crate) fn changed(n: u128, before: &Value, event_type: &str, at: &str, members: Value) -> Value {
    let mut event = created(n, json!({}));
    event["event_type"] = json!(event_type);
    event["timestamp"] = json!(format!("2026-01-31T{at}:00Z"));
    event["previous_data"] = before["task_data"].clone();
    event["task_data"] = before["task_data"].clone();
    event["task_data"]["version"] = json!(u64::try_from(n).unwrap());
    set(&mut event["task_data"], members);
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
