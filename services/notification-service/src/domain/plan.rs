//! What an event means for the reminders of its task.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::reminder::{Reminder, Status, Wanted};
use super::task::{Standing, Task};

/// A reminder that is to be stored, and whether that is news.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) reminder: Reminder,
    pub(crate) news: Option<News>,
}

/// What others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Scheduled,
    Cancelled,
}

/// What the reminders become by an event at `at` after which the task is as `task` says. Those that stay as they are, are not
/// among the changes.
///
/// A moment counts as past if it was so when the event happened, not when it arrived: what falls due while the news of it is on the way is sent, late.
pub(crate) fn plan(task: &Task, held: &[Reminder], at: DateTime<Utc>) -> Vec<Change> {
    let wanted = task.reminders.iter().filter_map(|(id, wanted)| {
        let before = held.iter().find(|reminder| reminder.id == *id);
        follow(task, before, *id, wanted, at)
    });
    let removed = held.iter().filter(|held| task.reminders.iter().all(|(id, _)| *id != held.id));
    let removed = removed.filter(|held| held.status.is_waiting()).map(|held| cancelled(held.clone(), "removed", at));
    wanted.chain(removed).collect()
}

/// One that the task has.
fn follow(task: &Task, held: Option<&Reminder>, id: Uuid, wanted: &Wanted, at: DateTime<Utc>) -> Option<Change> {
    let moment = wanted.moment(task.due);
    let new = || fresh(task, id, wanted, at);
    if task.standing != Standing::Open {
        return match held {
            Some(held) if held.status.is_waiting() => Some(cancelled(held.clone(), task.standing.as_str(), at)),
            Some(_) => None,
            None => Some(silent(new(), Status::Cancelled, task.standing.as_str())),
        };
    }
    match (held, moment) {
        (Some(held), Some(moment)) if held.fire_at == Some(moment) && !held.status.may_begin(moment, at) => {
            renamed(held, task, at)
        }
        (held, Some(moment)) if moment > at => {
            let (user_id, task_title) = (task.user_id.clone(), task.title.clone());
            Some(scheduled(Reminder { user_id, task_title, ..held.cloned().unwrap_or_else(new) }, moment, at))
        }
        (Some(held), Some(_)) if held.status.is_waiting() => Some(cancelled(held.clone(), "past", at)),
        (None, Some(_)) => Some(silent(new(), Status::Cancelled, "past")),
        (Some(held), None) if matches!(held.status, Status::Scheduled | Status::Cancelled) => {
            Some(dormant(held.clone(), at))
        }
        (None, None) => Some(silent(new(), Status::Dormant, "no due date")),
        (Some(_), _) => None,
    }
}

impl Status {
    /// Whether it may yet be sent.
    fn is_waiting(self) -> bool {
        matches!(self, Self::Scheduled | Self::Dormant)
    }

    /// Whether one that was put off is to be sent after all: at a moment that is still to come.
    fn may_begin(self, moment: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        matches!(self, Self::Cancelled | Self::Dormant) && moment > at
    }
}

fn fresh(task: &Task, id: Uuid, wanted: &Wanted, at: DateTime<Utc>) -> Reminder {
    Reminder {
        id,
        task_id: task.id,
        workspace_id: task.workspace_id,
        user_id: task.user_id.clone(),
        task_title: task.title.clone(),
        wanted: wanted.clone(),
        status: Status::Dormant,
        reason: None,
        fire_at: None,
        version: 0,
        fired_at: None,
        late: false,
        sent_at: None,
        results: serde_json::json!([]),
        created_at: at,
        updated_at: at,
    }
}

/// It has another moment now, or none, and no event that says so comes.
pub(crate) fn moved(held: Reminder, moment: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Change {
    match moment {
        Some(moment) => scheduled(held, moment, at),
        None => dormant(held, at),
    }
}

/// It will be sent at `moment`: a new version, whatever became of the one before.
fn scheduled(held: Reminder, moment: DateTime<Utc>, at: DateTime<Utc>) -> Change {
    let reminder = Reminder {
        status: Status::Scheduled,
        reason: None,
        fire_at: Some(moment),
        version: held.version + 1,
        fired_at: None,
        late: false,
        sent_at: None,
        results: serde_json::json!([]),
        updated_at: at,
        ..held
    };
    Change { reminder, news: Some(News::Scheduled) }
}

/// It goes on as before, under the task's title of now.
fn renamed(held: &Reminder, task: &Task, at: DateTime<Utc>) -> Option<Change> {
    let is_news = held.status == Status::Scheduled && held.task_title != task.title;
    let reminder = Reminder { task_title: task.title.clone(), updated_at: at, ..held.clone() };
    is_news.then_some(Change { reminder, news: None })
}

/// It is not to be sent. A version of its own, so that its job is taken back.
pub(crate) fn cancelled(held: Reminder, why: &str, at: DateTime<Utc>) -> Change {
    put_away(Reminder { reason: Some(why.to_owned()), updated_at: at, ..held }, Status::Cancelled)
}

fn dormant(held: Reminder, at: DateTime<Utc>) -> Change {
    let reason = Some("no due date".to_owned());
    put_away(Reminder { reason, fire_at: None, updated_at: at, ..held }, Status::Dormant)
}

fn put_away(held: Reminder, status: Status) -> Change {
    let was_scheduled = held.status == Status::Scheduled;
    let version = held.version + i64::from(was_scheduled);
    Change { reminder: Reminder { status, version, ..held }, news: was_scheduled.then_some(News::Cancelled) }
}

/// One that begins without being sent: nobody is told.
fn silent(reminder: Reminder, status: Status, why: &str) -> Change {
    Change { reminder: Reminder { status, reason: Some(why.to_owned()), ..reminder }, news: None }
}

#[cfg(test)]
mod tests;
