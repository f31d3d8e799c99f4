//! What a person is told, whatever the channel.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why somebody is told something; what preferences are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A reminder of a task.
    Reminder,
    /// Somebody else did a task.
    TaskCompleted,
    /// Somebody else gave a task to this person.
    TaskAssigned,
    /// Somebody else said something about a task.
    CommentAdded,
    /// Something about Tidings itself.
    System,
    /// What happened since yesterday, in one e-mail.
    Digest,
    /// A message of another kind could not be sent.
    DeliveryFailed,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 7] = [
        Self::Reminder,
        Self::TaskCompleted,
        Self::TaskAssigned,
        Self::CommentAdded,
        Self::System,
        Self::Digest,
        Self::DeliveryFailed,
    ];

    /// Its name in preferences, tables and events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::TaskCompleted => "task_completed",
            Self::TaskAssigned => "task_assigned",
            Self::CommentAdded => "comment_added",
            Self::System => "system",
            Self::Digest => "digest",
            Self::DeliveryFailed => "delivery_failed",
        }
    }

    /// The kind of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One message to one person, by one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Names this delivery, the same at every attempt: what a provider or a mailbox recognises a repetition by.
    pub(crate) id: Uuid,
    /// Why they are told.
    pub(crate) kind: Kind,
    /// One line: `Reminder: Pay the rent`. Text of users; nothing in it may be taken for a header or for HTML.
    pub(crate) title: String,
    /// A sentence or more, plain text, perhaps of several lines.
    pub(crate) body: String,
    /// The task that it is about.
    pub(crate) task: Option<Subject>,
    /// When what it tells happened, or was to be told.
    pub(crate) moment: DateTime<Utc>,
    /// Whom it is for.
    pub(crate) recipient: Recipient,
}

/// The task that a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The task.
    pub(crate) id: Uuid,
    /// Its title.
    pub(crate) title: String,
    /// When it is due.
    pub(crate) due: Option<DateTime<Utc>>,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    /// The user.
    pub(crate) user_id: String,
    /// What they are called; may be empty.
    pub(crate) name: String,
    /// In which their times are told.
    pub(crate) timezone: Tz,
}
