//! The tables of what people are told.

use super::tables::{NAME, TEXT, USER_ID, optional, required};
use super::{Kind, Object};

/// A reminder event.
pub static REMINDER_EVENT: Object = Object {
    name: "ReminderEvent",
    description: "A reminder event.",
    properties: &[required("data", Kind::Object(&REMINDER), "The reminder after what happened.")],
};

/// `data` of a reminder event.
pub static REMINDER: Object = Object {
    name: "Reminder",
    description: "A reminder at one moment. It is either `before` the due date or `at` a moment.",
    properties: &[
        required("reminder_id", Kind::Uuid, "The reminder; it keeps its id, whatever becomes of it."),
        required("task_id", Kind::Uuid, "The task that it is of."),
        required("task_title", TEXT, "The title of the task."),
        required("version", Kind::Integer { min: 1 }, "Raised with each new moment, from 1."),
        required(
            "status",
            Kind::Word(&["scheduled", "sent", "failed", "cancelled", "dormant"]),
            "What became of it. A dormant one has no due date to count from.",
        ),
        optional("before", NAME, "How long before the due date, as it was given (ISO 8601)."),
        optional("at", Kind::Timestamp, "At which moment, as it was given."),
        optional(
            "channels",
            Kind::List(&CHANNEL),
            "Through which channels, as it was given. Without it the preferences of each person decide.",
        ),
        optional("fire_at", Kind::Timestamp, "When it is to be sent."),
        optional("sent_at", Kind::Timestamp, "When it was sent."),
        optional("late", Kind::Boolean, "`true` when it was sent later than it should have been."),
        optional("reason", TEXT, "Why it is as it is, where that is not plain."),
        required(
            "results",
            Kind::List(&Kind::Object(&REMINDER_RESULT)),
            "What became of each message; empty before it is sent.",
        ),
    ],
};

/// One of the `results` of a reminder.
pub static REMINDER_RESULT: Object = Object {
    name: "ReminderResult",
    description: "What became of one message of a reminder: to one person, by one channel.",
    properties: &[
        required("user_id", USER_ID, "Whom it was for."),
        required("channel", CHANNEL, "By which channel."),
        required("status", Kind::Word(&["pending", "sent", "failed", "skipped"]), "What became of it."),
        optional("detail", TEXT, "More about it, such as why it failed."),
    ],
};

/// A `notification.created`.
pub static NOTIFICATION_EVENT: Object = Object {
    name: "NotificationEvent",
    description: "Somebody has a new notification.",
    properties: &[required("data", Kind::Object(&NOTIFICATION), "The notification.")],
};

/// `data` of `notification.created`.
pub static NOTIFICATION: Object = Object {
    name: "Notification",
    description: "What a person is told in the application. Whom it is for is the event's `user_id`.",
    properties: &[
        required("id", Kind::Uuid, "The notification."),
        required(
            "kind",
            Kind::Word(&[
                "reminder",
                "task_completed",
                "task_assigned",
                "comment_added",
                "system",
                "digest",
                "delivery_failed",
            ]),
            "Why they are told.",
        ),
        required("title", TEXT, "One line."),
        required("body", TEXT, "A sentence or more; plain text, perhaps of several lines."),
        optional("task_id", Kind::Uuid, "The task that it is about."),
        optional("task_title", TEXT, "The title of that task."),
        optional("reminder_id", Kind::Uuid, "The reminder that it is from."),
        required("created_at", Kind::Timestamp, "When it was made."),
    ],
};

const CHANNEL: Kind = Kind::Word(&["email", "sms", "in_app"]);
