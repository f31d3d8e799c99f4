//! Publishing events: in bulk through the sidecar's gRPC API, or, for development, to where nobody else hears them.

mod kept;

use std::collections::HashMap;
use std::str::FromStr;

use dapr::dapr::proto::runtime::v1::{BulkPublishRequest, BulkPublishRequestEntry};
use events::Topic;
use tonic::Status;

pub use self::kept::Kept;
use super::PUBSUB;
use super::grpc::Sidecar;
use super::topics::TopicNames;
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

/// `EVENT_PUBLISHER_TYPE`: where events go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublisherType {
    /// `dapr`: through the sidecar to the broker.
    #[default]
    Dapr,
    /// `memory`: the latest are kept in this process, where they can be looked at. No other service hears of them.
    Memory,
    /// `log`: each is a line of the log. No other service hears of them.
    Log,
}

impl FromStr for PublisherType {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "dapr" => Ok(Self::Dapr),
            "memory" => Ok(Self::Memory),
            "log" => Ok(Self::Log),
            _ => Err("use dapr, memory or log"),
        }
    }
}

/// Publishes the events of this service.
#[derive(Clone, Debug)]
pub struct Publisher {
    topics: TopicNames,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Dapr(Sidecar),
    Memory(Kept),
    Log,
}

impl Publisher {
    /// The publisher that `config` asks for.
    ///
    /// # Errors
    /// When the token of the sidecar cannot be a header value.
    pub fn new(config: &ServiceConfig) -> anyhow::Result<Self> {
        let way = match config.publisher {
            PublisherType::Dapr => Way::Dapr(Sidecar::new(config)?),
            PublisherType::Memory => Way::Memory(Kept::default()),
            PublisherType::Log => Way::Log,
        };
        if !matches!(way, Way::Dapr(_)) {
            tracing::warn!(publisher = ?config.publisher, "events reach no other service: this is for development only");
        }
        Ok(Self { topics: config.topics.clone(), way })
    }

    /// Publishes `messages` to the topic of this name, whatever the broker calls it, in their order for each partition key.
    ///
    /// # Errors
    /// When the sidecar is away, or any one of the messages was not accepted; the others may have been.
    pub async fn publish(&self, topic: &str, messages: Vec<Message>) -> Result<(), Status> {
        let topic = Topic::from_str(topic).map_or(topic, |topic| self.topics.of(topic));
        match &self.way {
            Way::Dapr(sidecar) => send(sidecar, topic, messages).await,
            Way::Memory(kept) => {
                kept.keep(topic, &messages);
                Ok(())
            }
            Way::Log => {
                for message in &messages {
                    let event = String::from_utf8_lossy(&message.cloud_event);
                    tracing::info!(topic, event_id = message.id, %event, "published");
                }
                Ok(())
            }
        }
    }

    /// What was published, where it is kept.
    pub fn kept(&self) -> Option<&Kept> {
        if let Way::Memory(kept) = &self.way { Some(kept) } else { None }
    }
}

async fn send(sidecar: &Sidecar, topic: &str, messages: Vec<Message>) -> Result<(), Status> {
    let request = sidecar.request(BulkPublishRequest {
        pubsub_name: PUBSUB.to_owned(),
        topic: topic.to_owned(),
        entries: messages.into_iter().map(entry).collect(),
        metadata: HashMap::new(),
    });
    let answer = sidecar.client().bulk_publish_event(request).await?.into_inner();
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
