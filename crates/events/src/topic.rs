//! The topics that events travel on.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A pub/sub topic. Only topics that carry an event today are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Everything that happens to tasks, for services that act on it.
    TaskEvents,
    /// Everything that happens in a workspace, number by number, for open screens.
    TaskUpdates,
    /// What becomes of reminders, and what people are told.
    Reminders,
    /// What people do.
    UserActivities,
    /// What operators should know.
    SystemNotifications,
}

impl Topic {
    /// Every topic, in the order in which the documents list them.
    pub const ALL: &'static [Self] =
        &[Self::TaskEvents, Self::TaskUpdates, Self::Reminders, Self::UserActivities, Self::SystemNotifications];

    /// The name on the broker.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskEvents => "task-events",
            Self::TaskUpdates => "task-updates",
            Self::Reminders => "reminders",
            Self::UserActivities => "user-activities",
            Self::SystemNotifications => "system-notifications",
        }
    }

    /// The topic that takes the messages which a consumer could not read: `<topic>.dead`.
    pub const fn dead_letter(self) -> &'static str {
        match self {
            Self::TaskEvents => "task-events.dead",
            Self::TaskUpdates => "task-updates.dead",
            Self::Reminders => "reminders.dead",
            Self::UserActivities => "user-activities.dead",
            Self::SystemNotifications => "system-notifications.dead",
        }
    }

    /// One sentence for the documents: what the topic is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::TaskEvents => "Everything that happens to tasks, for services that act on it.",
            Self::TaskUpdates => "Everything that happens in a workspace, number by number, for open screens.",
            Self::Reminders => "What becomes of reminders, and what people are told.",
            Self::UserActivities => "What people do: users, and tasks made, changed and deleted.",
            Self::SystemNotifications => "What operators should know.",
        }
    }
}

/// A name that is no topic of ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown topic `{0}`")]
pub struct UnknownTopic(pub String);

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|known| known.as_str() == name).copied().ok_or_else(|| UnknownTopic(name.to_owned()))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
