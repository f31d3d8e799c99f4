//! One event that waits to be published.

use events::CloudEvent;
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dapr::publish::Message;

/// A row of the outbox.
#[derive(Debug, FromQueryResult)]
pub(super) struct OutboxRow {
    pub(super) id: i64,
    pub(super) workspace_id: Uuid,
    pub(super) event_id: Uuid,
    pub(super) event_type: String,
    pub(super) topics: Vec<String>,
    pub(super) payload: Value,
    pub(super) trace_context: Option<String>,
    /// How many rows were waiting when this one was read, counted up to one more than a batch takes.
    pub(super) waiting: i64,
}

impl OutboxRow {
    /// The event as it is published by `source`, the app-id.
    pub(super) fn message(&self, source: &str) -> Message {
        let traceparent = self.trace_context.clone();
        let event = CloudEvent::for_publishing(
            source,
            self.event_id,
            self.event_type.as_str(),
            traceparent.clone(),
            self.payload.clone(),
        );
        Message {
            id: self.event_id.to_string(),
            cloud_event: json!(event).to_string().into_bytes(),
            partition_key: self.workspace_id.to_string(),
            traceparent,
        }
    }
}
