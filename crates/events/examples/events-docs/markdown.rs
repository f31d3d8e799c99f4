//! `docs/EVENTS.md`.

use std::fmt::{self, Write};

use events::schema::{self, Kind, Object, Property};
use events::{EventType, Topic};

use crate::sample::Sample;

const INTRODUCTION: &str = include_str!("introduction.md");

/// The document for these samples.
pub(crate) fn render(samples: &[Sample]) -> Result<String, fmt::Error> {
    let mut out = String::from(INTRODUCTION);
    topics(&mut out)?;
    event_types(&mut out)?;
    payloads(&mut out)?;
    writeln!(out, "\n## Samples\n\nOne message per event, as a consumer receives it.")?;
    for sample in samples {
        let Sample { event_type, text } = sample;
        writeln!(out, "\n<details>\n<summary><code>{event_type}</code></summary>\n")?;
        writeln!(out, "```json\n{text}\n```\n\n</details>")?;
    }
    Ok(out)
}

fn topics(out: &mut String) -> fmt::Result {
    writeln!(out, "\n## Topics\n\n| topic | what it carries | consumers | dead letters |")?;
    writeln!(out, "|---|---|---|---|")?;
    for topic in Topic::ALL {
        let consumers = if topic.consumers().is_empty() { "–".to_owned() } else { topic.consumers().join(", ") };
        let (purpose, dead) = (topic.purpose(), topic.dead_letter());
        writeln!(out, "| `{topic}` | {purpose} | {consumers} | `{dead}` |")?;
    }
    Ok(())
}

fn event_types(out: &mut String) -> fmt::Result {
    writeln!(out, "\n## Events\n\n| event | when | topics | from | carries |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for event_type in EventType::ALL {
        let topics: Vec<_> = event_type.topics().iter().map(|topic| format!("`{topic}`")).collect();
        writeln!(
            out,
            "| `{event_type}` | {} | {} | {} | {} |",
            event_type.meaning(),
            topics.join(", "),
            event_type.producers().join(", "),
            carried(*event_type),
        )?;
    }
    Ok(())
}

/// The fields that the event has beside the envelope.
fn carried(event_type: EventType) -> String {
    let created = event_type == EventType::TaskCreated;
    let fields = schema::body(event_type).properties.iter();
    let sent = fields.filter(|field| !(created && field.name == "previous_data"));
    let named: Vec<_> = sent.map(|field| format!("`{}`: {}", field.name, kind(&field.kind))).collect();
    named.join(", ")
}

fn payloads(out: &mut String) -> fmt::Result {
    writeln!(out, "\n## Fields\n\nA field marked `?` is left out when it has no value.")?;
    for object in [
        &schema::CLOUD_EVENT,
        &schema::ENVELOPE,
        &schema::METADATA,
        &schema::TASK,
        &schema::FIELD_CHANGE,
        &schema::TAG_CHANGE,
        &schema::USER,
        &schema::REMINDER,
        &schema::REMINDER_RESULT,
        &schema::NOTIFICATION,
        &schema::OUTAGE,
    ] {
        fields(out, object)?;
    }
    Ok(())
}

fn fields(out: &mut String, object: &Object) -> fmt::Result {
    writeln!(out, "\n### {}\n\n{}\n", object.name, object.description)?;
    writeln!(out, "| field | holds | meaning |\n|---|---|---|")?;
    for Property { name, required, kind: holds, description } in object.properties {
        let mark = if *required { "" } else { "?" };
        writeln!(out, "| `{name}`{mark} | {} | {description} |", kind(holds))?;
    }
    Ok(())
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Uuid => "UUID".to_owned(),
        Kind::Timestamp => "timestamp, RFC 3339".to_owned(),
        Kind::Text { min: 0, max: None } | Kind::Trace => "text".to_owned(),
        Kind::Text { max: None, .. } => "text, not empty".to_owned(),
        Kind::Text { min, max: Some(max) } => format!("text, {min} to {max} characters"),
        Kind::Word(words) => format!("`{}`, or a word to come", words.join("`, `")),
        Kind::Constant(only) => format!("`{only}`"),
        Kind::NullableText => "text or `null`".to_owned(),
        Kind::Integer { min } => format!("whole number, at least {min}"),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::List(items) => format!("list of {}", self::kind(items)),
        Kind::Object(object) => {
            format!("[{}](#{})", object.name, object.name.to_ascii_lowercase())
        }
        Kind::AnyObject => "object".to_owned(),
    }
}
