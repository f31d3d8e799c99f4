//! One event that waits to be published.

use events::CloudEvent;
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use tracing::Span;
use uuid::Uuid;

use crate::dapr::publish::Message;
use crate::trace::{SPANS, TraceContext};

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
    /// The event as it is published by `source`, the app-id, and the span of that, in the trace of the request that it comes of. The
    /// span lasts until it is dropped.
    pub(super) fn message(&self, source: &str) -> (Message, Span) {
        let (event_id, event_type) = (tracing::field::display(self.event_id), self.event_type.as_str());
        let span = tracing::debug_span!(
            target: SPANS, "publish", service = source, event_type, event_id, otel.kind = "producer"
        );
        let traceparent = self.trace_context.as_ref().map(|context| match TraceContext::parse(context) {
            Some(context) => context.lead_to(&span).as_str().to_owned(),
            None => context.clone(),
        });
        let event = CloudEvent::for_publishing(
            source,
            self.event_id,
            self.event_type.as_str(),
            traceparent.clone(),
            self.payload.clone(),
        );
        let message = Message {
            id: self.event_id.to_string(),
            cloud_event: json!(event).to_string().into_bytes(),
            partition_key: self.workspace_id.to_string(),
            traceparent,
        };
        (message, span)
    }
}
