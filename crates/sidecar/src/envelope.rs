//! `CloudEvents` 1.0 envelopes as daprd builds them. Data stays text all the way, so digits of numbers never change.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use platform::random::Random;
use serde_json::value::{RawValue, to_raw_value};

use crate::metadata::{self, Metadata};

const TYPE: &str = "com.dapr.event.sent";
const SOURCE: &str = "Dapr";

/// The fields of an envelope, each as the JSON text it is sent as.
type Fields = BTreeMap<String, Box<RawValue>>;

/// Where a message comes from and goes to, as its envelope says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) traceparent: &'a str,
    pub(crate) tracestate: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) random: &'a Random,
}

/// The bytes to store for `data`: an envelope around it, or `data` itself where it is one already.
///
/// `overrides` are the `cloudevent.*` values of the request; an event that brings its own envelope ignores them.
///
/// # Errors
/// When a `CloudEvent` is not a JSON object.
pub(crate) fn wrap(
    context: Context<'_>,
    content_type: &str,
    data: &[u8],
    overrides: &Metadata,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut fields = if media_type(content_type) == "application/cloudevents+json" {
        adopt(context, data)?
    } else {
        build(context, content_type, data, overrides)?
    };
    if let Some(ttl) = metadata::ttl(overrides) {
        set(&mut fields, "expiration", &seconds(later(context.now, ttl)))?;
    }
    serde_json::to_vec(&fields)
}

/// The envelope that a raw subscription receives: a fresh id each time, no time, always base64.
pub(crate) fn around_raw(
    pubsub: &str,
    topic: &str,
    data: &[u8],
    random: &Random,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut fields = Fields::new();
    set(&mut fields, "id", &random.uuid().to_string())?;
    set(&mut fields, "specversion", "1.0")?;
    set(&mut fields, "datacontenttype", "application/octet-stream")?;
    set(&mut fields, "source", SOURCE)?;
    set(&mut fields, "type", TYPE)?;
    set(&mut fields, "topic", topic)?;
    set(&mut fields, "pubsubname", pubsub)?;
    set(&mut fields, "data_base64", &STANDARD.encode(data))?;
    serde_json::to_vec(&fields)
}

/// What a delivery needs to know of a stored envelope.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// When the event stops being of use.
    pub(crate) expiration: Option<DateTime<Utc>>,
    /// The W3C trace context that the event carries.
    pub(crate) traceparent: Option<String>,
    /// The event's id.
    pub(crate) id: Option<String>,
}

impl Summary {
    /// Reads an envelope; fields of an unexpected type count as absent.
    ///
    /// # Errors
    /// When the bytes are not a JSON object.
    pub(crate) fn read(envelope: &[u8]) -> Result<Self, serde_json::Error> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(envelope)?;
        let text = |name: &str| fields.get(name).and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let expiration = text("expiration").and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        Ok(Self {
            expiration: expiration.map(|at| at.with_timezone(&Utc)),
            traceparent: text("traceparent").filter(|parent| !parent.is_empty()),
            id: text("id"),
        })
    }
}

/// Completes an event that came with its own envelope; its id is never added, its trace context is kept.
fn adopt(context: Context<'_>, event: &[u8]) -> Result<Fields, serde_json::Error> {
    let mut fields: Fields = serde_json::from_slice(event)?;
    set(&mut fields, "topic", context.topic)?;
    set(&mut fields, "pubsubname", context.pubsub)?;
    set_absent(&mut fields, "source", SOURCE)?;
    set_absent(&mut fields, "type", TYPE)?;
    set_absent(&mut fields, "specversion", "1.0")?;
    set_absent(&mut fields, "time", &seconds(context.now))?;
    let parent = fields.get("traceparent").or_else(|| fields.get("traceid")).cloned();
    let parent = parent.map_or_else(|| to_raw_value(context.traceparent), Ok)?;
    fields.entry("traceparent".to_owned()).or_insert_with(|| parent.clone());
    fields.entry("traceid".to_owned()).or_insert(parent);
    set_absent(&mut fields, "tracestate", context.tracestate)?;
    Ok(fields)
}

/// Builds the default envelope around `data`.
fn build(
    context: Context<'_>,
    content_type: &str,
    data: &[u8],
    overrides: &Metadata,
) -> Result<Fields, serde_json::Error> {
    let given = |name: &str| metadata::property(overrides, &[name]);
    let fresh_id = context.random.uuid().to_string();
    let parent = given("cloudevent.traceparent").or_else(|| given("cloudevent.traceid")).unwrap_or(context.traceparent);
    let content_type = if content_type.is_empty() { "text/plain" } else { content_type };
    let mut fields = Fields::new();
    set(&mut fields, "id", given("cloudevent.id").unwrap_or(&fresh_id))?;
    set(&mut fields, "specversion", "1.0")?;
    set(&mut fields, "source", given("cloudevent.source").unwrap_or(context.app_id))?;
    set(&mut fields, "type", given("cloudevent.type").unwrap_or(TYPE))?;
    set(&mut fields, "datacontenttype", content_type)?;
    set(&mut fields, "topic", context.topic)?;
    set(&mut fields, "pubsubname", context.pubsub)?;
    set(&mut fields, "traceid", parent)?;
    set(&mut fields, "traceparent", parent)?;
    set(&mut fields, "tracestate", given("cloudevent.tracestate").unwrap_or(context.tracestate))?;
    set(&mut fields, "time", &seconds(context.now))?;
    if let Some(subject) = given("cloudevent.subject") {
        set(&mut fields, "subject", subject)?;
    }
    match media_type(content_type).as_str() {
        "application/octet-stream" | "application/cloudevents+protobuf" => {
            set(&mut fields, "data_base64", &STANDARD.encode(data))?;
        }
        "application/json" => {
            // JSON that cannot be read is sent as a string.
            let parsed = serde_json::from_slice::<Box<RawValue>>(data);
            let value = parsed.or_else(|_| to_raw_value(&String::from_utf8_lossy(data)))?;
            fields.insert("data".to_owned(), value);
        }
        _ => set(&mut fields, "data", &String::from_utf8_lossy(data))?,
    }
    Ok(fields)
}

fn set(fields: &mut Fields, name: &str, value: &str) -> Result<(), serde_json::Error> {
    fields.insert(name.to_owned(), to_raw_value(value)?);
    Ok(())
}

fn set_absent(fields: &mut Fields, name: &str, value: &str) -> Result<(), serde_json::Error> {
    if fields.get(name).is_none_or(|raw| raw.get() == "null") { set(fields, name, value) } else { Ok(()) }
}

fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn later(now: DateTime<Utc>, ttl: Duration) -> DateTime<Utc> {
    let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// RFC 3339 with whole seconds, which is what daprd writes.
fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context<'static> {
        Context {
            app_id: "shop",
            pubsub: "bus",
            topic: "orders",
            traceparent: "00-a-b-00",
            tracestate: "",
            now: DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap(),
            random: &Random::System,
        }
    }

    fn wrapped(content_type: &str, data: &str, overrides: &[(&str, &str)]) -> String {
        let overrides = overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        String::from_utf8(wrap(context(), content_type, data.as_bytes(), &overrides).unwrap()).unwrap()
    }

    #[test]
    fn digits_of_numbers_do_not_change() {
        let event = wrapped("application/json; charset=utf-8", r#"{"n":1.50,"big":12345678901234567890123}"#, &[]);
        assert!(event.contains(r#""data":{"n":1.50,"big":12345678901234567890123}"#), "{event}");
        assert!(event.contains(r#""time":"2023-11-14T22:13:20Z""#), "{event}");
    }

    #[test]
    fn unreadable_json_becomes_a_string() {
        assert!(wrapped("application/json", "{oops", &[]).contains(r#""data":"{oops""#));
    }

    #[test]
    fn time_to_live_becomes_an_expiration() {
        let event = wrapped("text/plain", "x", &[("ttlInSeconds", "60")]);
        assert!(event.contains(r#""expiration":"2023-11-14T22:14:20Z""#), "{event}");
        let endless = wrapped("text/plain", "x", &[("ttlInSeconds", "18446744073709551615")]);
        assert!(endless.contains("expiration"), "{endless}");
    }

    #[test]
    fn an_adopted_event_keeps_its_trace_even_when_it_is_a_number() {
        let event = wrapped("application/cloudevents+json", r#"{"traceparent":7,"source":null}"#, &[]);
        assert!(event.contains(r#""traceparent":7"#) && event.contains(r#""traceid":7"#), "{event}");
        assert!(event.contains(r#""source":"Dapr""#), "{event}");
        assert!(!event.contains(r#""id""#), "{event}");
    }

    #[test]
    fn an_event_that_is_no_object_is_refused() {
        for text in ["{", "[]", "7", ""] {
            assert!(wrap(context(), "application/cloudevents+json", text.as_bytes(), &Metadata::new()).is_err());
        }
    }
}
