//! Publishing: the same for HTTP and gRPC.

use std::collections::HashSet;

use bytes::Bytes;
use platform::random::Random;
use platform::trace::TraceContext;

use crate::envelope::{self, Context};
use crate::log::{NewMessage, PARTITIONS, Topic};
use crate::metadata::{self, Metadata};
use crate::resources::Pubsub;
use crate::sidecar::Inner;

/// The W3C trace context of a request; both parts may be empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) parent: String,
    pub(crate) state: String,
}

impl Trace {
    /// Takes the two header values; without a parent, a new trace begins.
    pub(crate) fn new(parent: Option<&str>, state: Option<&str>, random: &Random) -> Self {
        let given = parent.filter(|parent| !parent.is_empty()).map(ToOwned::to_owned);
        let parent = given.unwrap_or_else(|| TraceContext::new(random).as_str().to_owned());
        Self { parent, state: state.unwrap_or_default().to_owned() }
    }
}

/// What is to be published.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) pubsub: String,
    pub(crate) topic: String,
    pub(crate) content_type: String,
    pub(crate) data: Bytes,
    pub(crate) metadata: Metadata,
    pub(crate) trace: Trace,
}

/// One entry of a bulk publication.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) content_type: String,
    pub(crate) event: Bytes,
    /// Its own metadata; without any, the request's `cloudevent.*` and time to live do not reach its envelope.
    pub(crate) metadata: Option<Metadata>,
}

/// Several events for one topic.
#[derive(Debug)]
pub(crate) struct BulkPublication {
    pub(crate) pubsub: String,
    pub(crate) topic: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) metadata: Metadata,
    pub(crate) trace: Trace,
}

/// Why nothing was published.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) pubsub: String,
    pub(crate) message: String,
}

/// The kinds of refusal, which both protocols translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    NotFound,
    NotConfigured,
    NameEmpty,
    TopicEmpty,
    Forbidden,
    Metadata,
    CloudEvent,
    Events,
    Publish,
}

/// What a bulk publication failed on.
#[derive(Debug)]
pub(crate) enum BulkFailure {
    /// The whole request.
    Refused(Refusal),
    /// Every entry, for the same reason: the log takes all or none.
    Failed { entry_ids: Vec<String>, error: String },
}

impl Inner {
    /// Publishes one event; returns when it is durable.
    pub(crate) async fn publish(&self, publication: Publication) -> Result<(), Refusal> {
        let Publication { pubsub, topic, content_type, data, metadata, trace } = publication;
        let log = self.permit(&pubsub, &topic)?.log.clone();
        let raw = metadata::check_size(&metadata).and_then(|()| metadata::raw_payload(&metadata));
        let raw =
            raw.map_err(|error| refusal(Reason::Metadata, &pubsub, format!("failed deserializing metadata: {error}")))?;
        let topic = Topic { pubsub, name: topic };
        let envelope = if raw {
            // A copy, because these bytes may be a part of a larger buffer, and are kept.
            Bytes::copy_from_slice(&data)
        } else {
            self.envelope(&topic, &trace, &content_type, &data, &metadata).map_err(|error| {
                refusal(Reason::CloudEvent, &topic.pubsub, format!("cannot create cloudevent: {error}"))
            })?
        };
        let message = self.message(envelope, metadata);
        let log_topic = Topic { pubsub: log, name: topic.name.clone() };
        self.shared.log.append(&log_topic, vec![message]).await.map_err(|error| {
            tracing::error!(%error, topic = topic.name, "the log could not be written");
            let message = format!("error when publishing to topic {} in pubsub {}: {error}", topic.name, topic.pubsub);
            refusal(Reason::Publish, &topic.pubsub, message)
        })
    }

    /// Publishes several events in one statement: all or none, in order within each partition.
    pub(crate) async fn publish_bulk(&self, publication: BulkPublication) -> Result<(), BulkFailure> {
        let BulkPublication { pubsub, topic, entries, metadata, trace } = publication;
        let log = self.permit(&pubsub, &topic).map_err(BulkFailure::Refused)?.log.clone();
        let topic = Topic { pubsub, name: topic };
        let refuse = |(reason, text): (Reason, String)| {
            let Topic { pubsub, name } = &topic;
            let message = format!("error when unmarshaling the request for topic {name} pubsub {pubsub}: {text}");
            BulkFailure::Refused(refusal(reason, pubsub, message))
        };
        let mut ids = HashSet::with_capacity(entries.len());
        let mut messages = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.id.is_empty() || !ids.insert(entry.id.clone()) {
                let text = format!("entryId is duplicated or not present for entry: {}", entry.id);
                return Err(refuse((Reason::Events, text)));
            }
            messages.push(self.entry_message(&topic, &trace, entry, &metadata).map_err(refuse)?);
        }
        let log_topic = Topic { pubsub: log, name: topic.name.clone() };
        self.shared.log.append(&log_topic, messages).await.map_err(|error| {
            tracing::error!(%error, topic = topic.name, "the log could not be written");
            BulkFailure::Failed { entry_ids: ids.into_iter().collect(), error: error.to_string() }
        })
    }

    fn entry_message(
        &self,
        topic: &Topic,
        trace: &Trace,
        entry: Entry,
        request: &Metadata,
    ) -> Result<NewMessage, (Reason, String)> {
        let own = entry.metadata.map(|own| merge(own, request));
        let overrides = own.as_ref().unwrap_or(&EMPTY);
        metadata::check_size(own.as_ref().unwrap_or(request)).map_err(|error| (Reason::Metadata, error))?;
        let envelope = if metadata::raw_payload(overrides).map_err(|error| (Reason::Metadata, error))? {
            entry.event
        } else {
            self.envelope(topic, trace, &entry.content_type, &entry.event, overrides)
                .map_err(|error| (Reason::CloudEvent, format!("cannot create cloudevent: {error}")))?
        };
        Ok(self.message(envelope, own.unwrap_or_else(|| request.clone())))
    }

    /// The component, if this app may publish to its topic.
    pub(crate) fn permit(&self, pubsub: &str, topic: &str) -> Result<&Pubsub, Refusal> {
        let app = &self.app_id;
        if pubsub.is_empty() {
            return Err(refusal(Reason::NameEmpty, pubsub, "pubsub name is empty".to_owned()));
        }
        let Some(component) = self.shared.resources.pubsub(pubsub, app) else {
            if self.shared.resources.pubsubs.is_empty() {
                return Err(refusal(Reason::NotConfigured, pubsub, "pubsub is not configured".to_owned()));
            }
            return Err(refusal(Reason::NotFound, pubsub, format!("pubsub {pubsub} is not found")));
        };
        if topic.is_empty() {
            return Err(refusal(Reason::TopicEmpty, pubsub, format!("topic is empty in pubsub {pubsub}")));
        }
        if !component.topics.may_publish(app, topic) {
            return Err(refusal(Reason::Forbidden, pubsub, format!("topic {topic} is not allowed for app id {app}")));
        }
        Ok(component)
    }

    fn envelope(
        &self,
        topic: &Topic,
        trace: &Trace,
        content_type: &str,
        data: &[u8],
        overrides: &Metadata,
    ) -> Result<Bytes, serde_json::Error> {
        let context = Context {
            app_id: &self.app_id,
            pubsub: &topic.pubsub,
            topic: &topic.name,
            traceparent: &trace.parent,
            tracestate: &trace.state,
            now: self.shared.clock.now(),
            random: &self.shared.random,
        };
        envelope::wrap(context, content_type, data, overrides).map(Bytes::from)
    }

    fn message(&self, envelope: Bytes, metadata: Metadata) -> NewMessage {
        let key = metadata::partition_key(&metadata).map(ToOwned::to_owned);
        let chosen = metadata::property(&metadata, &["partitionNumber"]).and_then(|number| number.parse().ok());
        let chosen = chosen.filter(|number| (0..PARTITIONS).contains(number));
        let partition = chosen.unwrap_or_else(|| self.shared.log.partition(key.as_deref()));
        NewMessage { key, partition, envelope, metadata }
    }
}

static EMPTY: Metadata = Metadata::new();

/// An entry's own metadata, and what the request adds to it.
fn merge(mut own: Metadata, request: &Metadata) -> Metadata {
    for (name, value) in request {
        own.entry(name.clone()).or_insert_with(|| value.clone());
    }
    own
}

/// A refusal in daprd's words.
pub(crate) fn refusal(reason: Reason, pubsub: &str, message: String) -> Refusal {
    Refusal { reason, pubsub: pubsub.to_owned(), message }
}
