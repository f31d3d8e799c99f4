//! Bulk publish through the sidecar's gRPC API.

use std::collections::HashMap;
use std::time::Duration;

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{BulkPublishRequest, BulkPublishRequestEntry};
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use super::{API_TOKEN, PUBSUB};
use crate::config::ServiceConfig;

/// How long one batch may take.
const TIMEOUT: Duration = Duration::from_secs(30);

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

/// Publishes through this service's sidecar; connects when it is first needed, and again when the sidecar comes back.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: DaprClient<Channel>,
    token: Option<MetadataValue<Ascii>>,
}

impl Publisher {
    /// A publisher over the sidecar of `config`.
    ///
    /// # Errors
    /// When the token of the sidecar cannot be a header value.
    pub fn new(config: &ServiceConfig) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", config.dapr_grpc_port))?
            .connect_timeout(Duration::from_secs(3))
            .timeout(TIMEOUT);
        let token = config.dapr_api_token.as_ref().map(|token| token.expose().parse()).transpose()?;
        Ok(Self { client: DaprClient::new(endpoint.connect_lazy()), token })
    }

    /// Publishes `messages` to `topic`, in their order for each partition key.
    ///
    /// # Errors
    /// When the sidecar is away, or any one of the messages was not accepted; the others may have been.
    pub async fn publish(&self, topic: &str, messages: Vec<Message>) -> Result<(), Status> {
        let entries = messages.into_iter().map(entry).collect();
        let mut request = tonic::Request::new(BulkPublishRequest {
            pubsub_name: PUBSUB.to_owned(),
            topic: topic.to_owned(),
            entries,
            metadata: HashMap::new(),
        });
        if let Some(token) = &self.token {
            request.metadata_mut().insert(API_TOKEN, token.clone());
        }
        let answer = self.client.clone().bulk_publish_event(request).await?.into_inner();
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
