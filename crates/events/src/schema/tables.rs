//! The tables.

use super::{Kind, MAX_EVENT_TYPE_LENGTH, MAX_USER_ID_LENGTH, Object, Property};
use crate::{SCOPE_THIS, SPEC_VERSION, Source};

pub(super) const TEXT: Kind = Kind::Text { min: 0, max: None };
pub(super) const NAME: Kind = Kind::Text { min: 1, max: None };
pub(super) const USER_ID: Kind = Kind::Text { min: 1, max: Some(MAX_USER_ID_LENGTH) };

pub(super) const fn required(name: &'static str, kind: Kind, description: &'static str) -> Property {
    Property { name, required: true, kind, description }
}

pub(super) const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Property {
    Property { name, required: false, kind, description }
}

/// The wrapper. `data` holds the envelope and the body.
pub static CLOUD_EVENT: Object = Object {
    name: "CloudEvent",
    description: "A CloudEvents 1.0 message in structured JSON form.",
    properties: &[
        required("specversion", Kind::Constant(SPEC_VERSION), "The version of the CloudEvents specification."),
        required("id", NAME, "The `event_id`."),
        required("type", NAME, "The event type."),
        required("source", NAME, "The app-id of the producer."),
        optional("subject", TEXT, "The task that the event is about."),
        optional("time", Kind::Timestamp, "The `timestamp` of the event."),
        optional("datacontenttype", TEXT, "`application/json`."),
        optional("traceparent", Kind::Trace, "The trace that caused the event (W3C Trace Context)."),
        optional("traceid", Kind::Trace, "The same value as `traceparent`."),
        optional("topic", TEXT, "The topic, noted by the sidecar; of a dead letter, the topic that it came from."),
        optional("pubsubname", TEXT, "The pub/sub component, noted by the sidecar."),
        required("data", Kind::AnyObject, "The event."),
    ],
};

/// What every event has.
pub static ENVELOPE: Object = Object {
    name: "Envelope",
    description: "What every event has, whatever its type.",
    properties: &[
        required(
            "event_id",
            Kind::Uuid,
            "Names the event (UUID version 7); the same in every delivery and on every topic.",
        ),
        required("event_type", Kind::Text { min: 1, max: Some(MAX_EVENT_TYPE_LENGTH) }, "What happened."),
        required(
            "user_id",
            USER_ID,
            "The user who did it; of a reminder the one whose task it is, and of a notification the one whom it is for.",
        ),
        required(
            "organization_id",
            Kind::Uuid,
            "The workspace in which it happened; also the partition key. Nil for events of the system.",
        ),
        required(
            "sequence",
            Kind::Integer { min: 0 },
            "The place of the event in its workspace, gapless from 1. 0 for one that has none: of a reminder, a notification or the system.",
        ),
        required("timestamp", Kind::Timestamp, "When it happened: UTC, up to microseconds."),
        required("metadata", Kind::Object(&METADATA), "About the event rather than about what happened."),
    ],
};

/// `metadata` of every event.
pub static METADATA: Object = Object {
    name: "Metadata",
    description: "About the event rather than about what happened.",
    properties: &[
        required("source", Kind::Word(Source::KNOWN), "The way by which the change came in."),
        required(
            "version",
            Kind::Text { min: 1, max: None },
            "The version of the payload, `major.minor`. A minor version adds optional fields.",
        ),
        optional(
            "scope",
            Kind::Word(&[SCOPE_THIS]),
            "How much of a series a change of one of its tasks is for: `this` task alone. Absent, it is for those to come as well.",
        ),
    ],
};

const TASK_DATA: Property = required("task_data", Kind::Object(&TASK), "The whole task after the change.");
const PREVIOUS_DATA: Property = optional(
    "previous_data",
    Kind::Object(&TASK),
    "The whole task before the change. Sent with every task event but `task.created`.",
);

/// A task event without further data.
pub static TASK_EVENT: Object =
    Object { name: "TaskEvent", description: "A task event.", properties: &[TASK_DATA, PREVIOUS_DATA] };

/// A task event about one field.
pub static TASK_FIELD_EVENT: Object = Object {
    name: "TaskFieldEvent",
    description: "A task event about one field.",
    properties: &[
        TASK_DATA,
        PREVIOUS_DATA,
        optional("data", Kind::Object(&FIELD_CHANGE), "What the field was and is."),
    ],
};

/// A task event about one tag.
pub static TASK_TAG_EVENT: Object = Object {
    name: "TaskTagEvent",
    description: "A task event about one tag.",
    properties: &[TASK_DATA, PREVIOUS_DATA, optional("data", Kind::Object(&TAG_CHANGE), "Which tag.")],
};

/// A user event.
pub static USER_EVENT: Object = Object {
    name: "UserEvent",
    description: "A user event.",
    properties: &[required("data", Kind::Object(&USER), "The profile after the change.")],
};

/// `data` of a task event about one field.
pub static FIELD_CHANGE: Object = Object {
    name: "FieldChange",
    description: "The old and the new value of a status, a priority, a due date (RFC 3339) or an assignee (user id).",
    properties: &[
        required("from", Kind::NullableText, "Before the change; `null` when there was none."),
        required("to", Kind::NullableText, "After the change; `null` when there is none."),
    ],
};

/// `data` of a task event about one tag.
pub static TAG_CHANGE: Object = Object {
    name: "TagChange",
    description: "The tag that a task got or lost.",
    properties: &[required("tag", Kind::Text { min: 1, max: None }, "The tag.")],
};

/// `task_data` and `previous_data`.
pub static TASK: Object = Object {
    name: "Task",
    description: "A whole task at one moment. A field without a value is left out.",
    properties: &[
        required("id", Kind::Uuid, "The task."),
        required("user_id", USER_ID, "The user who owns the task."),
        required("workspace_id", Kind::Uuid, "The workspace that the task belongs to."),
        optional("project_id", Kind::Uuid, "The project that the task is filed under."),
        optional("ref", TEXT, "The readable reference within the project."),
        required("title", TEXT, "What is to be done."),
        required("description", TEXT, "More about it; may be empty."),
        required("status", Kind::Word(&["todo", "in_progress", "done"]), "How far it is."),
        required("completed", Kind::Boolean, "Whether the status is `done`."),
        optional("completed_at", Kind::Timestamp, "When the task was done."),
        required("priority", Kind::Word(&["none", "low", "medium", "high", "urgent"]), "How much it matters."),
        required("tags", Kind::List(&TEXT), "The tags, each once."),
        optional("due_date", Kind::Timestamp, "When the task is due."),
        required("timezone", TEXT, "The IANA time zone in which the task's dates are meant."),
        optional(
            "recurrence",
            Kind::AnyObject,
            "How it repeats: the rule (`rrule`), in words (`text`) and from where it counts (`mode`), with the members of the simple form where it is one.",
        ),
        required("reminders", Kind::List(&Kind::AnyObject), "The reminders as they were given."),
        optional("assignee", USER_ID, "The user who is to do the task."),
        required("reporter", USER_ID, "The user who created the task."),
        optional("recurrence_id", Kind::Uuid, "The series that a recurring task belongs to."),
        optional("occurrence", Kind::Integer { min: 1 }, "The number of this task in its series, from 1."),
        required("version", Kind::Integer { min: 1 }, "Raised by every change, from 1."),
        required("created_at", Kind::Timestamp, "When the task was created."),
        required("updated_at", Kind::Timestamp, "When the task last changed."),
        optional("archived_at", Kind::Timestamp, "When the task was archived."),
        optional("deleted_at", Kind::Timestamp, "When the task was deleted."),
    ],
};

/// `data` of a user event.
pub static USER: Object = Object {
    name: "User",
    description: "The profile of a user.",
    properties: &[
        required("id", USER_ID, "The user, as the identity provider calls them."),
        optional("email", TEXT, "The e-mail address, when the identity provider gave one."),
        required("first_name", TEXT, "The given name; may be empty."),
        required("last_name", TEXT, "The family name; may be empty."),
        required("timezone", TEXT, "The user's IANA time zone."),
        required("workspace_id", Kind::Uuid, "The user's personal workspace."),
        optional("previous_timezone", TEXT, "What the time zone was before, when a `user.updated` changed it."),
    ],
};

/// A `system.error`.
pub static SYSTEM_ERROR_EVENT: Object = Object {
    name: "SystemErrorEvent",
    description: "An event of the system: of no workspace and no user.",
    properties: &[required("data", Kind::Object(&OUTAGE), "What was away.")],
};

/// `data` of `system.error`.
pub static OUTAGE: Object = Object {
    name: "Outage",
    description: "Something that a service depends on was away for a while. Nothing was lost.",
    properties: &[
        required("service", NAME, "The app-id of the service that noticed."),
        required(
            "activity",
            Kind::Word(&["event_publishing", "job_scheduling"]),
            "What the service could not do meanwhile.",
        ),
        required("since", Kind::Timestamp, "The first attempt that failed."),
        required("until", Kind::Timestamp, "The first one that succeeded again."),
        required("failures", Kind::Integer { min: 1 }, "How many attempts failed."),
        required("error", TEXT, "What the last of them came to."),
    ],
};
