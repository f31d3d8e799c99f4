//! Events as backend-api publishes them.

use serde_json::{Value, json};
use uuid::Uuid;

/// The workspace of all facts that do not say otherwise.
pub(crate) const WORKSPACE: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00aa);

/// The task of all facts that do not say otherwise.
pub(crate) const TASK: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00bb);

/// The id of the `n`th event.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// The `n`th event of Alice's workspace: a task was created.
pub(crate) fn created(n: u128) -> Value {
    json!({
        "event_id": id(n),
        "event_type": "task.created",
        "user_id": "alice",
        "organization_id": WORKSPACE,
        "sequence": u64::try_from(n).unwrap(),
        "timestamp": "2026-01-31T09:00:00Z",
        "task_data": {
            "id": TASK, "user_id": "alice", "workspace_id": WORKSPACE, "title": "Water the plants", "description": "",
            "status": "todo", "completed": false, "priority": "none", "tags": ["home"], "timezone": "Europe/Berlin",
            "reminders": [], "reporter": "alice", "version": 1,
            "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
        },
        "metadata": { "source": "rest_api", "version": "1.0" },
    })
}

/// The `n`th event: Alice appeared.
pub(crate) fn user_created(n: u128) -> Value {
    let user = json!({
        "id": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "Liddell",
        "timezone": "Europe/Berlin", "workspace_id": WORKSPACE,
    });
    let mut event = with(created(n), "/event_type", json!("user.created"));
    event.as_object_mut().unwrap().remove("task_data");
    event["data"] = user;
    event
}

/// The `n`th event: a reminder of the task, and what became of it.
pub(crate) fn reminder(n: u128, status: &str) -> Value {
    let reminder = json!({
        "reminder_id": id(0xa1), "task_id": TASK, "task_title": "Water the plants", "version": 1, "status": status,
        "before": "PT1H", "fire_at": "2026-01-31T11:30:00Z",
        "results": [{ "user_id": "alice", "channel": "email", "status": "sent" }],
    });
    told(n, &format!("reminder.{status}"), &reminder)
}

/// The `n`th event: Alice was told so.
pub(crate) fn notification(n: u128) -> Value {
    let notification = json!({
        "id": id(0xa2), "kind": "reminder", "title": "Reminder: Water the plants", "body": "It is due at 13:30.",
        "task_id": TASK, "task_title": "Water the plants", "reminder_id": id(0xa1), "created_at": "2026-01-31T11:30:00Z",
    });
    told(n, "notification.created", &notification)
}

/// What notification-service tells: nothing of it has a number of the workspace.
fn told(n: u128, event_type: &str, data: &Value) -> Value {
    json!({
        "event_id": id(n), "event_type": event_type, "user_id": "alice", "organization_id": WORKSPACE, "sequence": 0,
        "timestamp": "2026-01-31T11:30:00Z", "data": data, "metadata": { "source": "system", "version": "1.0" },
    })
}

/// `event` with the value at `pointer` changed.
pub(crate) fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    event
}

/// `event` without what is at `pointer`.
pub(crate) fn without(mut event: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let removed = event.pointer_mut(parent).and_then(Value::as_object_mut).and_then(|fields| fields.remove(name));
    assert!(removed.is_some(), "no {pointer}");
    event
}

/// `event` as the sidecar delivers it.
pub(crate) fn message(event: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": event["event_id"], "type": event["event_type"], "source": "backend-api",
        "datacontenttype": "application/json", "topic": "task-events", "pubsubname": "pubsub",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "data": event,
    })
}

/// The bytes of [`message`].
pub(crate) fn body(event: &Value) -> String {
    message(event).to_string()
}
