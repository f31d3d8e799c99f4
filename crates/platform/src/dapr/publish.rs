//! Bulk publish through the sidecar's gRPC API.

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::{BulkPublishRequest, BulkPublishRequestEntry};
use tonic::Status;

use super::PUBSUB;
use super::grpc::Sidecar;
use crate::config::ServiceConfig;

/// One event of a batch.
#[derive(Clone, Debug)]
pub struct Message {
    /// Names the entry within its batch: the event id.
    pub id: String,
    /// A whole CloudEvent 1.0 as JSON.
    pub cloud_event: Vec<u8>,
    /// Events with the same key arrive in the order in which they were published.
    pub partition_key: String,
    /// W3C trace context, repeated for daprd, which drops the event's own without it.
    pub traceparent: Option<String>,
}

/// Publishes through this service's sidecar.
#[derive(Clone, Debug)]
pub struct Publisher {
    sidecar: Sidecar,
}

impl Publisher {
    /// A publisher over the sidecar of `config`.
    ///
    /// # Errors
    /// When the token of the sidecar cannot be a header value.
    pub fn new(config: &ServiceConfig) -> anyhow::Result<Self> {
        Ok(Self { sidecar: Sidecar::new(config)? })
    }

    /// Publishes `messages` to `topic`, in their order for each partition key.
    ///
    /// # Errors
    /// When the sidecar is away, or any one of the messages was not accepted; the others may have been.
    pub async fn publish(&self, topic: &str, messages: Vec<Message>) -> Result<(), Status> {
        let entries = messages.into_iter().map(entry).collect();
        let request = self.sidecar.request(BulkPublishRequest {
            pubsub_name: PUBSUB.to_owned(),
            topic: topic.to_owned(),
            entries,
            metadata: HashMap::new(),
        });
        let answer = self.sidecar.client().bulk_publish_event(request).await?.into_inner();
        match answer.failed_entries.as_slice() {
            [] => Ok(()),
            [first, ..] => Err(Status::aborted(format!(
                "{} of the batch failed, {} with: {}",
                answer.failed_entries.len(),
                first.entry_id,
                first.error
            ))),
        }
    }
}

fn entry(message: Message) -> BulkPublishRequestEntry {
    let mut metadata = HashMap::from([("partitionKey".to_owned(), message.partition_key)]);
    if let Some(traceparent) = message.traceparent {
        metadata.insert("cloudevent.traceparent".to_owned(), traceparent);
    }
    BulkPublishRequestEntry {
        entry_id: message.id,
        event: message.cloud_event,
        content_type: "application/cloudevents+json".to_owned(),
        metadata,
    }
}
