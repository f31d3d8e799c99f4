//! The facts that services announce.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Declares the event types once: variant, wire name and meaning cannot drift apart.
macro_rules! event_types {
    ($($variant:ident = $name:literal, $meaning:literal;)+) => {
        /// What happened. Only events that some service emits are listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(#[doc = $meaning] $variant,)+
        }

        impl EventType {
            /// Every event type, in the order in which the documents list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire, such as `task.created`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence for the documents: when this event is emitted.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

event_types! {
    TaskCreated = "task.created", "A task was created.";
    TaskUpdated = "task.updated", "One or more fields of a task changed; the specific events follow it.";
    TaskCompleted = "task.completed", "A task was done.";
    TaskReopened = "task.reopened", "A task that was done is open again.";
    TaskDeleted = "task.deleted", "A task was deleted.";
    TaskArchived = "task.archived", "A task was put away without being deleted.";
    TaskRestored = "task.restored", "A task that was deleted or archived is back.";
    TaskAssigned = "task.assigned", "A task was given to somebody, or to nobody.";
    TaskStatusChanged = "task.status_changed", "A patch changed the status of a task; the verbs complete and reopen tell their own event instead.";
    TaskPriorityChanged = "task.priority_changed", "The priority of a task changed.";
    TaskDueDateSet = "task.due_date_set", "The due date of a task was set, moved or cleared.";
    TaskTagAdded = "task.tag_added", "A task got a tag; one event per tag.";
    TaskTagRemoved = "task.tag_removed", "A task lost a tag; one event per tag.";
    ReminderScheduled = "reminder.scheduled", "A reminder is to be sent at a moment: it is new, or has another moment than before.";
    ReminderCancelled = "reminder.cancelled", "A reminder will not be sent as things are: it was taken away, or its task was, or there is no due date to count from.";
    ReminderSent = "reminder.sent", "A reminder was sent; its results say to whom, and through which channels.";
    ReminderFailed = "reminder.failed", "A reminder was due and could not be sent.";
    NotificationCreated = "notification.created", "Somebody has a new notification in the application.";
    UserCreated = "user.created", "A user appeared for the first time and got a personal workspace.";
    UserUpdated = "user.updated", "The profile of a user changed.";
    SystemError = "system.error", "Something that a service depends on was away, and is back.";
}

impl EventType {
    /// Whether the event is a change of a task, and so carries `task_data`.
    pub const fn is_about_task(self) -> bool {
        self.is_numbered() && !matches!(self, Self::UserCreated | Self::UserUpdated)
    }

    /// Whether the event is the change of a task as a whole. The events about one field follow one of these, and say nothing new
    /// of the task.
    pub const fn is_of_whole_task(self) -> bool {
        matches!(
            self,
            Self::TaskCreated
                | Self::TaskUpdated
                | Self::TaskCompleted
                | Self::TaskReopened
                | Self::TaskDeleted
                | Self::TaskArchived
                | Self::TaskRestored
        )
    }

    /// Whether the event has a number of its workspace. Those of services that only watch a workspace have none: their `sequence`
    /// is 0.
    pub const fn is_numbered(self) -> bool {
        !matches!(
            self,
            Self::ReminderScheduled
                | Self::ReminderCancelled
                | Self::ReminderSent
                | Self::ReminderFailed
                | Self::NotificationCreated
                | Self::SystemError
        )
    }
}

/// A name that this version of the contract does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown event type `{0}`")]
pub struct UnknownEventType(pub String);

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|known| known.as_str() == name).copied().ok_or_else(|| UnknownEventType(name.to_owned()))
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
