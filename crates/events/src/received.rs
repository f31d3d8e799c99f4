//! Reading a delivered message: known, unknown or malformed.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::{CloudEvent, Event, EventData, EventType, Malformed, Metadata, PAYLOAD_VERSION, TaskData, schema};

/// A message that keeps the contract.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// An event that this version knows.
    Known {
        /// The event, typed.
        event: Box<Event>,
        /// The same event as it came, with any field that a newer producer added.
        payload: Value,
        /// The trace that caused it.
        traceparent: Option<String>,
    },
    /// A valid envelope with an event type from a newer producer: acknowledge it and count it.
    Unknown {
        /// The name of the event type; at most [`schema::MAX_EVENT_TYPE_LENGTH`] characters.
        event_type: String,
        /// Names the event.
        event_id: Uuid,
        /// The workspace in which it happened.
        organization_id: Uuid,
        /// The place of the event in its workspace.
        sequence: i64,
        /// The event as it came.
        payload: Value,
        /// The trace that caused it.
        traceparent: Option<String>,
    },
}

/// The fields that every event has, whatever its type.
#[derive(Deserialize)]
struct Envelope {
    event_id: Uuid,
    event_type: String,
    user_id: String,
    organization_id: Uuid,
    sequence: i64,
    timestamp: DateTime<Utc>,
    metadata: Metadata,
}

impl Event {
    /// Reads a delivered `CloudEvent`. The event in `data` decides; the wrapper's `id` and `type`
    /// are not compared with it, because Dapr fills them in for a producer that sends bare data.
    ///
    /// # Errors
    /// [`Malformed`] when the message breaks the contract; the pointer starts at the `CloudEvent`.
    pub fn from_cloud_event(bytes: &[u8]) -> Result<Received, Malformed> {
        let CloudEvent { data, traceparent, .. } = CloudEvent::from_slice(bytes)?;
        read(data, traceparent).map_err(|malformed| malformed.under("data"))
    }

    /// Reads the event alone: the `data` of a `CloudEvent`, or the `event` of a socket message.
    ///
    /// # Errors
    /// [`Malformed`] when the payload breaks the contract; the pointer starts at the payload.
    pub fn from_payload(payload: Value) -> Result<Received, Malformed> {
        read(payload, None)
    }
}

fn read(payload: Value, traceparent: Option<String>) -> Result<Received, Malformed> {
    schema::ENVELOPE.check(&payload)?;
    schema::check_storable(&payload)?;
    let envelope: Envelope = typed(&payload)?;
    check_version(&envelope.metadata.version)?;
    let Ok(event_type) = envelope.event_type.parse::<EventType>() else {
        return Ok(Received::Unknown {
            event_type: envelope.event_type,
            event_id: envelope.event_id,
            organization_id: envelope.organization_id,
            sequence: envelope.sequence,
            payload,
            traceparent,
        });
    };
    schema::body(event_type).check(&payload)?;
    let event = Box::new(known(event_type, envelope, &payload)?);
    Ok(Received::Known { event, payload, traceparent })
}

fn known(event_type: EventType, envelope: Envelope, payload: &Value) -> Result<Event, Malformed> {
    Ok(Event {
        event_id: envelope.event_id,
        event_type,
        user_id: envelope.user_id,
        organization_id: envelope.organization_id,
        sequence: envelope.sequence,
        timestamp: envelope.timestamp.trunc_subsecs(6),
        task_data: task(event_type, payload, "task_data")?,
        previous_data: task(event_type, payload, "previous_data")?,
        data: data(event_type, payload)?,
        metadata: envelope.metadata,
    })
}

fn task(event_type: EventType, payload: &Value, name: &str) -> Result<Option<TaskData>, Malformed> {
    if event_type.is_about_task() { field(payload, name) } else { Ok(None) }
}

fn data(event_type: EventType, payload: &Value) -> Result<Option<EventData>, Malformed> {
    Ok(match event_type {
        EventType::UserCreated | EventType::UserUpdated => field(payload, "data")?.map(EventData::User),
        EventType::ReminderScheduled
        | EventType::ReminderCancelled
        | EventType::ReminderSent
        | EventType::ReminderFailed => field(payload, "data")?.map(EventData::Reminder),
        EventType::NotificationCreated => field(payload, "data")?.map(EventData::Notification),
        EventType::SystemError => field(payload, "data")?.map(EventData::Outage),
        EventType::TaskTagAdded | EventType::TaskTagRemoved => field(payload, "data")?.map(EventData::Tag),
        EventType::TaskStatusChanged
        | EventType::TaskPriorityChanged
        | EventType::TaskDueDateSet
        | EventType::TaskAssigned => field(payload, "data")?.map(EventData::Field),
        _ => None,
    })
}

fn field<T: DeserializeOwned>(payload: &Value, name: &str) -> Result<Option<T>, Malformed> {
    match payload.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => typed(value).map(Some).map_err(|malformed: Malformed| malformed.under(name)),
    }
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Malformed> {
    T::deserialize(value).map_err(|error| Malformed::whole(format!("is unreadable: {error}")))
}

/// A minor version adds optional fields, so only the major one must be ours.
fn check_version(version: &str) -> Result<(), Malformed> {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(version) == major(PAYLOAD_VERSION) {
        return Ok(());
    }
    Err(Malformed::whole("is not a version that this consumer reads").under("version").under("metadata"))
}
