//! What others are told of reminders and notifications.

use events::{EventDraft, EventType, NotificationData, ReminderData};

use crate::domain::channel::Channel;
use crate::domain::reminder::{Reminder, When};
use crate::store::notifications::NewNotification;

/// An event about a reminder as it is now.
pub(super) fn reminder(event_type: EventType, reminder: &Reminder) -> EventDraft {
    let (before, at) = match &reminder.wanted.when {
        When::Before(duration) => (Some(duration.clone()), None),
        When::At(at) => (None, Some(*at)),
    };
    let names = |channels: &Vec<Channel>| channels.iter().map(|channel| channel.as_str().to_owned()).collect();
    let data = ReminderData {
        reminder_id: reminder.id,
        task_id: reminder.task_id,
        task_title: reminder.task_title.clone(),
        version: reminder.version,
        status: reminder.status.as_str().to_owned(),
        before,
        at,
        channels: reminder.wanted.channels.as_ref().map(names),
        fire_at: reminder.fire_at,
        sent_at: reminder.sent_at,
        late: reminder.late,
        reason: reminder.reason.clone(),
        results: serde_json::from_value(reminder.results.clone()).unwrap_or_default(),
    };
    EventDraft::reminder(event_type, reminder.user_id.clone(), reminder.workspace_id, data)
}

/// `notification.created`, for the screens of whom it is for.
pub(super) fn notification(told: &NewNotification) -> EventDraft {
    let data = NotificationData {
        id: told.id,
        kind: told.kind.as_str().to_owned(),
        title: told.title.clone(),
        body: told.body.clone(),
        task_id: told.task_id,
        task_title: told.task_title.clone(),
        reminder_id: told.reminder_id,
        created_at: told.created_at,
    };
    EventDraft::notification(told.user_id.clone(), told.workspace_id, data)
}
