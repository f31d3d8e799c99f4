//! `specs/asyncapi.yaml`: AsyncAPI 3.0.

use std::collections::BTreeSet;

use chrono::DateTime;
use events::schema;
use events::{EventType, Topic};
use serde::Deserialize;
use serde_norway::{Mapping, Value};

use crate::json_schema::{self, map, reference};
use crate::sample::Sample;

const HEADER: &str = "# Written by `cargo run -p events --example events-docs`; do not edit.\n";

/// The document for these samples.
pub(crate) fn render(samples: &[Sample]) -> anyhow::Result<String> {
    let document = map([
        ("asyncapi", "3.0.0".into()),
        ("info", info()),
        ("defaultContentType", "application/cloudevents+json".into()),
        ("channels", Topic::ALL.iter().map(|topic| (topic.as_str(), channel(*topic))).collect_map()),
        ("operations", operations()),
        ("components", map([("messages", messages(samples)?), ("schemas", schemas())])),
    ]);
    Ok(format!("{HEADER}{}", quote_timestamps(&serde_norway::to_string(&document)?)))
}

/// Puts timestamps in quotes: to a YAML 1.1 reader a bare one is a date and not a text.
fn quote_timestamps(yaml: &str) -> String {
    let quoted = |line: &str| match line.rsplit_once(' ') {
        Some((name, value)) if DateTime::parse_from_rfc3339(value).is_ok() => format!("{name} '{value}'\n"),
        _ => format!("{line}\n"),
    };
    yaml.lines().map(quoted).collect()
}

/// Collecting named parts into a mapping, in order.
trait CollectMap {
    fn collect_map(self) -> Value;
}

impl<K: Into<String>, I: Iterator<Item = (K, Value)>> CollectMap for I {
    fn collect_map(self) -> Value {
        let named = self.map(|(name, value)| (Value::from(name.into()), value));
        Value::Mapping(named.collect::<Mapping>())
    }
}

fn info() -> Value {
    map([
        ("title", "Tidings events".into()),
        ("version", events::PAYLOAD_VERSION.into()),
        (
            "description",
            "What the services of Tidings tell each other. Delivery is at least once and in \
             order per workspace; see docs/EVENTS.md."
                .into(),
        ),
        (
            "license",
            map([("name", "Apache-2.0".into()), ("url", "https://www.apache.org/licenses/LICENSE-2.0".into())]),
        ),
    ])
}

fn channel(topic: Topic) -> Value {
    let messages =
        topic.event_types().map(|event_type| (event_type.as_str(), reference("messages", event_type.as_str())));
    map([
        ("address", topic.as_str().into()),
        ("description", topic.purpose().into()),
        ("messages", messages.collect_map()),
    ])
}

fn operations() -> Value {
    let mut operations = Mapping::new();
    for topic in Topic::ALL {
        let producers: BTreeSet<_> = topic.event_types().flat_map(EventType::producers).copied().collect();
        for producer in producers {
            let sent = topic.event_types().filter(|sent| sent.producers().contains(&producer));
            let name = format!("{producer}.{topic}.send");
            operations.insert(name.into(), operation("send", producer, *topic, sent));
        }
        for consumer in topic.consumers() {
            let name = format!("{consumer}.{topic}.receive");
            let all = topic.event_types();
            operations.insert(name.into(), operation("receive", consumer, *topic, all));
        }
    }
    operations.into()
}

fn operation(action: &str, app: &str, topic: Topic, event_types: impl Iterator<Item = EventType>) -> Value {
    let messages: Vec<_> = event_types
        .map(|event_type| map([("$ref", format!("#/channels/{topic}/messages/{event_type}").into())]))
        .collect();
    let verb = if action == "send" { "sends to" } else { "receives from" };
    map([
        ("action", action.into()),
        ("channel", map([("$ref", format!("#/channels/{topic}").into())])),
        ("summary", format!("{app} {verb} {topic}.").into()),
        ("messages", messages.into()),
    ])
}

fn messages(samples: &[Sample]) -> anyhow::Result<Value> {
    let mut messages = Mapping::new();
    for sample in samples {
        messages.insert(sample.event_type.as_str().into(), message(sample)?);
    }
    Ok(messages.into())
}

fn message(sample: &Sample) -> anyhow::Result<Value> {
    let event_type = sample.event_type;
    let example = Value::deserialize(&mut serde_json::Deserializer::from_str(&sample.text))?;
    let constant = || map([("const", event_type.as_str().into())]);
    let data = map([
        (
            "allOf",
            vec![reference("schemas", schema::ENVELOPE.name), reference("schemas", schema::body(event_type).name)]
                .into(),
        ),
        ("properties", map([("event_type", constant())])),
    ]);
    let payload = map([
        ("allOf", vec![reference("schemas", schema::CLOUD_EVENT.name)].into()),
        ("properties", map([("type", constant()), ("data", data)])),
    ]);
    let example = map([("name", event_type.as_str().into()), ("payload", example)]);
    Ok(map([
        ("name", event_type.as_str().into()),
        ("title", event_type.as_str().into()),
        ("summary", event_type.meaning().into()),
        ("contentType", "application/cloudevents+json".into()),
        ("payload", payload),
        ("examples", vec![example].into()),
    ]))
}

fn schemas() -> Value {
    let objects = [
        &schema::CLOUD_EVENT,
        &schema::ENVELOPE,
        &schema::METADATA,
        &schema::TASK_EVENT,
        &schema::TASK_FIELD_EVENT,
        &schema::TASK_TAG_EVENT,
        &schema::USER_EVENT,
        &schema::REMINDER_EVENT,
        &schema::NOTIFICATION_EVENT,
        &schema::SYSTEM_ERROR_EVENT,
        &schema::TASK,
        &schema::FIELD_CHANGE,
        &schema::TAG_CHANGE,
        &schema::USER,
        &schema::REMINDER,
        &schema::REMINDER_RESULT,
        &schema::NOTIFICATION,
        &schema::OUTAGE,
    ];
    objects.into_iter().map(|object| (object.name, json_schema::object(object))).collect_map()
}
