//! `notification.outbox`: events on their way out, stored in the transaction of what they tell.

use events::EventDraft;
use platform::clock::Clock;
use platform::database::{json_text, statement};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};

/// Stores events, named and dated now. They have no number of their workspace.
pub(crate) async fn store(db: &impl ConnectionTrait, drafts: Vec<EventDraft>, clock: &Clock) -> Result<(), DbErr> {
    const STORE: &str = "INSERT INTO notification.outbox (workspace_id, event_id, event_type, topics, payload, created_at) \
        SELECT workspace_id, event_id, event_type, topics, payload, created_at \
        FROM jsonb_to_recordset($1::jsonb) AS event (workspace_id uuid, event_id uuid, event_type text, topics text[], payload jsonb, \
          created_at timestamptz)";
    if drafts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = drafts.into_iter().map(|draft| row(draft, clock)).collect();
    db.execute_raw(statement(STORE, [json_text(&rows).into()])).await.map(|_| ())
}

fn row(draft: EventDraft, clock: &Clock) -> Value {
    let (workspace_id, event_type) = (draft.organization_id, draft.event_type);
    let topics: Vec<&str> = event_type.topics().iter().map(|topic| topic.as_str()).collect();
    let (event_id, now) = (clock.new_id(), clock.now());
    let payload = draft.into_event(event_id, now, 0);
    json!({
        "workspace_id": workspace_id, "event_id": event_id, "event_type": event_type, "topics": topics, "payload": payload, "created_at": now,
    })
}
