//! Who sends what where, and who listens: the one table.

use crate::{EventType, Topic};

impl EventType {
    /// The topics that carry this event. The body and the `event_id` are the same on each.
    pub const fn topics(self) -> &'static [Topic] {
        use Topic::{Reminders, SystemNotifications, TaskEvents, TaskUpdates, UserActivities};
        match self {
            Self::TaskCreated | Self::TaskUpdated | Self::TaskDeleted => &[TaskEvents, TaskUpdates, UserActivities],
            Self::TaskCompleted
            | Self::TaskReopened
            | Self::TaskArchived
            | Self::TaskRestored
            | Self::TaskAssigned
            | Self::TaskStatusChanged
            | Self::TaskPriorityChanged
            | Self::TaskDueDateSet
            | Self::TaskTagAdded
            | Self::TaskTagRemoved => &[TaskEvents, TaskUpdates],
            // Every event of a workspace is for screens: a socket gets each number.
            Self::UserCreated | Self::UserUpdated => &[TaskUpdates, UserActivities],
            Self::ReminderScheduled
            | Self::ReminderCancelled
            | Self::ReminderSent
            | Self::ReminderFailed
            | Self::NotificationCreated => &[Reminders],
            Self::SystemError => &[SystemNotifications],
        }
    }

    /// The app-ids of the services that emit this event; the one that does is the `source` of its `CloudEvent`.
    pub const fn producers(self) -> &'static [&'static str] {
        match self {
            Self::ReminderScheduled
            | Self::ReminderCancelled
            | Self::ReminderSent
            | Self::ReminderFailed
            | Self::NotificationCreated => &["notification-service"],
            Self::SystemError => &["backend-api", "notification-service", "recurring-task-service"],
            _ => &["backend-api"],
        }
    }
}

impl Topic {
    /// The app-ids of the services that subscribe to this topic.
    pub const fn consumers(self) -> &'static [&'static str] {
        match self {
            Self::TaskEvents => &["audit-service", "notification-service", "recurring-task-service"],
            Self::TaskUpdates => &["websocket-service"],
            Self::Reminders => &["audit-service", "websocket-service"],
            Self::UserActivities => &["audit-service", "recurring-task-service"],
            Self::SystemNotifications => &["notification-service"],
        }
    }

    /// The events that travel on this topic.
    pub fn event_types(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.iter().copied().filter(move |event_type| event_type.topics().contains(&self))
    }
}
