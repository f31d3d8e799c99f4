//! What is to become of a reminder whose moment has come, as its task is now.

use chrono::{DateTime, TimeDelta, Utc};

use super::person::Audience;
use super::reminder::Reminder;
use super::task::Standing;

/// So long after its moment it helps nobody any more: as when the service is new beside tasks that are old.
pub(crate) const TOO_LATE: TimeDelta = TimeDelta::days(7);

/// So long after its moment the event that moves it is not waited for any more: it may be a dead letter.
const NEWS_IS_LOST: TimeDelta = TimeDelta::minutes(5);

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    Tell(&'a Audience),
    Cancel(&'static str),
    /// It was so long ago that it ends without a word.
    Miss,
    /// The task has changed, and the event that says so is on its way.
    Wait,
    /// The task has changed, and no event says so: this is its moment, if it has one.
    Move(Option<DateTime<Utc>>),
}

/// What is to become of a reminder of `task`, which is `None` where it is gone.
pub(crate) fn verdict<'a>(reminder: &Reminder, task: Option<&'a Audience>, now: DateTime<Utc>) -> Verdict<'a> {
    let task = match heard_by(task) {
        Ok(task) => task,
        Err(why) => return Verdict::Cancel(why),
    };
    let is_past = |age| reminder.fire_at.is_some_and(|due| now - due > age);
    let moment = reminder.wanted.moment(task.due);
    if moment != reminder.fire_at {
        return if is_past(NEWS_IS_LOST) { Verdict::Move(moment) } else { Verdict::Wait };
    }
    if is_past(TOO_LATE) { Verdict::Miss } else { Verdict::Tell(task) }
}

/// The task, if anybody is to be reminded of it.
///
/// # Errors
/// Why nobody is.
pub(crate) fn heard_by(task: Option<&Audience>) -> Result<&Audience, &'static str> {
    match task {
        None => Err(Standing::Deleted.as_str()),
        Some(task) if task.standing != Standing::Open => Err(task.standing.as_str()),
        Some(task) if task.people.is_empty() => Err("nobody may see the task"),
        Some(task) => Ok(task),
    }
}
