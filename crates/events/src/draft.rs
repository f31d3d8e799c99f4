//! An event before it has an id, a time and a sequence.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::envelope::subject;
use crate::{
    Event, EventData, EventType, FieldChange, Metadata, NotificationData, Outage, ReminderData, SCOPE_THIS, Source,
    TagChange, TaskData, UserData,
};

/// What a producer says; the outbox adds the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct EventDraft {
    /// What happened.
    pub event_type: EventType,
    /// The user who did it.
    pub user_id: String,
    /// The workspace in which it happened.
    pub organization_id: Uuid,
    /// The whole task after the change.
    pub task_data: Option<TaskData>,
    /// The whole task before the change.
    pub previous_data: Option<TaskData>,
    /// What the event says beyond the task.
    pub data: Option<EventData>,
    /// The way by which the change came in.
    pub source: Source,
    /// How much of a series the change is for; see [`Metadata::scope`].
    pub scope: Option<&'static str>,
}

impl EventDraft {
    /// `task.created`, done by `user_id`.
    pub fn task_created(user_id: impl Into<String>, task: TaskData, source: Source) -> Self {
        Self {
            event_type: EventType::TaskCreated,
            user_id: user_id.into(),
            organization_id: task.workspace_id,
            task_data: Some(task),
            previous_data: None,
            data: None,
            source,
            scope: None,
        }
    }

    /// Any other task event, done by `user_id`. The old and new value of a specific event
    /// (`task.status_changed`, …) are taken from the two states of the task.
    pub fn task_changed(
        event_type: EventType,
        user_id: impl Into<String>,
        before: TaskData,
        after: TaskData,
        source: Source,
    ) -> Self {
        Self {
            event_type,
            user_id: user_id.into(),
            organization_id: after.workspace_id,
            data: field_change(event_type, &before, &after).map(EventData::Field),
            task_data: Some(after),
            previous_data: Some(before),
            source,
            scope: None,
        }
    }

    /// The same event with the tag that was added or removed.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.data = Some(EventData::Tag(TagChange { tag: tag.into() }));
        self
    }

    /// The same event of a change that is for one task of a series alone.
    #[must_use]
    pub fn for_this_alone(mut self) -> Self {
        self.scope = Some(SCOPE_THIS);
        self
    }

    /// `user.created` or `user.updated`, done by the user themselves.
    pub fn user(event_type: EventType, user: UserData, source: Source) -> Self {
        Self {
            event_type,
            user_id: user.id.clone(),
            organization_id: user.workspace_id,
            task_data: None,
            previous_data: None,
            data: Some(EventData::User(user)),
            source,
            scope: None,
        }
    }

    /// A reminder event about a task of `user_id` in that workspace.
    pub fn reminder(
        event_type: EventType,
        user_id: impl Into<String>,
        workspace_id: Uuid,
        reminder: ReminderData,
    ) -> Self {
        Self::told(event_type, user_id.into(), workspace_id, EventData::Reminder(reminder))
    }

    /// `notification.created`: `user_id` is told something that has to do with that workspace.
    pub fn notification(user_id: impl Into<String>, workspace_id: Uuid, notification: NotificationData) -> Self {
        let data = EventData::Notification(notification);
        Self::told(EventType::NotificationCreated, user_id.into(), workspace_id, data)
    }

    fn told(event_type: EventType, user_id: String, organization_id: Uuid, data: EventData) -> Self {
        Self {
            event_type,
            user_id,
            organization_id,
            task_data: None,
            previous_data: None,
            data: Some(data),
            source: Source::System,
            scope: None,
        }
    }

    /// `system.error`: something was away. It is an event of no workspace and no user.
    pub fn system_error(outage: Outage) -> Self {
        Self::told(EventType::SystemError, "system".to_owned(), Uuid::nil(), EventData::Outage(outage))
    }

    /// The task that the event is about: the subject of its `CloudEvent`.
    pub fn subject(&self) -> Option<Uuid> {
        subject(self.task_data.as_ref(), self.data.as_ref())
    }

    /// The whole event. Its `sequence` is 0 where the database sets it, as for the outbox.
    pub fn into_event(self, event_id: Uuid, timestamp: DateTime<Utc>, sequence: i64) -> Event {
        Event {
            event_id,
            event_type: self.event_type,
            user_id: self.user_id,
            organization_id: self.organization_id,
            sequence,
            timestamp,
            task_data: self.task_data,
            previous_data: self.previous_data,
            data: self.data,
            metadata: Metadata { scope: self.scope.map(str::to_owned), ..Metadata::of(self.source) },
        }
    }
}

fn field_change(event_type: EventType, before: &TaskData, after: &TaskData) -> Option<FieldChange> {
    let field: fn(&TaskData) -> Option<String> = match event_type {
        EventType::TaskStatusChanged => |task| Some(task.status.clone()),
        EventType::TaskPriorityChanged => |task| Some(task.priority.clone()),
        EventType::TaskAssigned => |task| task.assignee.clone(),
        EventType::TaskDueDateSet => |task| {
            let due = task.due_date?;
            Some(due.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        },
        _ => return None,
    };
    Some(FieldChange { from: field(before), to: field(after) })
}
