//! The published shape of the payloads: one table that consumers check against and that the
//! documents are written from.

mod check;
mod tables;
mod told;

use crate::EventType;

pub use check::check_storable;
pub use tables::{
    CLOUD_EVENT, ENVELOPE, FIELD_CHANGE, METADATA, OUTAGE, SYSTEM_ERROR_EVENT, TAG_CHANGE, TASK, TASK_EVENT,
    TASK_FIELD_EVENT, TASK_TAG_EVENT, USER, USER_EVENT,
};
pub use told::{NOTIFICATION, NOTIFICATION_EVENT, REMINDER, REMINDER_EVENT, REMINDER_RESULT};

/// The most characters of a user id: what a database index takes with room to spare.
pub const MAX_USER_ID_LENGTH: usize = 255;

/// The most characters of the name of an event type.
pub const MAX_EVENT_TYPE_LENGTH: usize = 100;

/// The largest whole number: the largest that every reader of JSON holds exactly (RFC 7493 §2.2). No counter comes near it, so what is
/// beyond is damaged; and whoever keeps the last `sequence` would hear of nothing after it.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A JSON object. Fields that it does not list are allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct Object {
    /// The name in the documents.
    pub name: &'static str,
    /// One sentence for the documents.
    pub description: &'static str,
    /// The fields.
    pub properties: &'static [Property],
}

/// A field of an object. An optional field may also be `null`.
#[derive(Debug, PartialEq, Eq)]
pub struct Property {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether it is always there.
    pub required: bool,
    /// What it holds.
    pub kind: Kind,
    /// What it means, for the documents.
    pub description: &'static str,
}

/// What a field holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A UUID as text.
    Uuid,
    /// A point in time as text, RFC 3339.
    Timestamp,
    /// Text with this many characters.
    Text {
        /// The fewest.
        min: usize,
        /// The most, if there is a limit.
        max: Option<usize>,
    },
    /// One of some words. Consumers accept others too: a newer producer may know more.
    Word(&'static [&'static str]),
    /// This text and no other.
    Constant(&'static str),
    /// A W3C `traceparent`. Consumers read anything but text as none.
    Trace,
    /// Text or `null`, always present.
    NullableText,
    /// A whole number, at least this and at most [`MAX_INTEGER`].
    Integer {
        /// The least.
        min: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// A list.
    List(&'static Kind),
    /// An object whose fields the contract states.
    Object(&'static Object),
    /// An object that is passed on as it was given.
    AnyObject,
}

/// What an event of this type carries beside the envelope.
pub const fn body(event_type: EventType) -> &'static Object {
    match event_type {
        EventType::TaskCreated
        | EventType::TaskUpdated
        | EventType::TaskCompleted
        | EventType::TaskReopened
        | EventType::TaskDeleted
        | EventType::TaskArchived
        | EventType::TaskRestored => &TASK_EVENT,
        EventType::TaskAssigned
        | EventType::TaskStatusChanged
        | EventType::TaskPriorityChanged
        | EventType::TaskDueDateSet => &TASK_FIELD_EVENT,
        EventType::TaskTagAdded | EventType::TaskTagRemoved => &TASK_TAG_EVENT,
        EventType::ReminderScheduled
        | EventType::ReminderCancelled
        | EventType::ReminderSent
        | EventType::ReminderFailed => &REMINDER_EVENT,
        EventType::NotificationCreated => &NOTIFICATION_EVENT,
        EventType::UserCreated | EventType::UserUpdated => &USER_EVENT,
        EventType::SystemError => &SYSTEM_ERROR_EVENT,
    }
}
