//! The `CloudEvents` 1.0 wrapper in which Dapr carries an event.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Malformed, schema};

/// The version of the `CloudEvents` specification that we speak.
pub const SPEC_VERSION: &str = "1.0";

/// A `CloudEvents` 1.0 message in structured JSON form (`application/cloudevents+json`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always [`SPEC_VERSION`].
    pub specversion: String,
    /// The `event_id`: the same in every delivery and on every topic.
    pub id: String,
    /// The event type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The app-id of the producer.
    pub source: String,
    /// The task that the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened: the event's `timestamp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The media type of `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// The trace that caused the event (W3C Trace Context). Anything but text reads as none: a
    /// broken trace is no reason to lose an event.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The same value again: Dapr empties `traceparent` when this is absent.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub traceid: Option<String>,
    /// The topic, as the sidecar notes it; for a dead letter the topic that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The pub/sub component, as the sidecar notes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pubsubname: Option<String>,
    /// The event.
    pub data: Value,
}

impl CloudEvent {
    /// Wraps the payload of an outbox row for publishing. `source` is the app-id of the producer.
    pub fn for_publishing(
        source: impl Into<String>,
        event_id: Uuid,
        event_type: impl Into<String>,
        traceparent: Option<String>,
        payload: Value,
    ) -> Self {
        let text = |pointer| payload.pointer(pointer)?.as_str().map(str::to_owned);
        Self {
            specversion: SPEC_VERSION.to_owned(),
            id: event_id.to_string(),
            event_type: event_type.into(),
            source: source.into(),
            subject: text("/task_data/id").or_else(|| text("/data/task_id")),
            time: text("/timestamp"),
            datacontenttype: Some("application/json".to_owned()),
            traceid: traceparent.clone(),
            traceparent,
            topic: None,
            pubsubname: None,
            data: payload,
        }
    }

    /// Reads a delivered message. Attributes that it does not know are ignored.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not JSON or not a `CloudEvents` 1.0 message.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Malformed> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| Malformed::whole(format!("is not JSON: {error}")))?;
        Self::from_value(value)
    }

    /// As [`CloudEvent::from_slice`], for a message that is already parsed.
    ///
    /// # Errors
    /// [`Malformed`] when the value is not a `CloudEvents` 1.0 message.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        schema::CLOUD_EVENT.check(&value)?;
        serde_json::from_value(value).map_err(|error| Malformed::whole(format!("is not a CloudEvent: {error}")))
    }
}

fn text_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}
