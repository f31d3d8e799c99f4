//! What waited, for quiet hours to end or for a provider, is looked at again before it leaves: the task may be done by now, or be somebody else's, and its
//! recipient may want it no more, or later.

use chrono::{DateTime, TimeDelta, Utc};
use platform::dapr::invoke::InvokeError;
use sea_orm::DbErr;

use super::{end_reminders, find_audience};
use crate::app::App;
use crate::domain::channel::Channel;
use crate::domain::outcome::MAY_NOT_SEE;
use crate::domain::route::{NO_PHONE, SWITCHED_OFF};
use crate::domain::verdict::heard_by;
use crate::store::deliveries::Due;

/// So long after it was written it is not known any more whether a message is still right.
const WAITED: TimeDelta = TimeDelta::minutes(1);

/// Why it is not known now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Backend(#[from] InvokeError),
    #[error("the database: {0}")]
    Database(#[from] DbErr),
}

/// What is to become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It leaves.
    Send,
    /// It does not leave any more, for this reason.
    Skip(&'static str),
    /// It is quiet until then.
    Wait(DateTime<Utc>),
}

/// Whether the message is to leave as everything is now. A reminder that is not to be sent is cancelled.
pub(super) async fn look(app: &App, due: &Due) -> Result<Look, Failure> {
    if due.is_over {
        return Ok(Look::Skip("its reminder is over"));
    }
    let wanted = look_at_preferences(due, app.clock.now());
    if wanted != Look::Send {
        return Ok(wanted);
    }
    let Some(subject) = due.message.task.as_ref().filter(|_| app.clock.now() - due.told_at >= WAITED) else {
        return Ok(Look::Send);
    };
    let tasks = find_audience::audiences(app, vec![subject.id]).await?;
    let task = tasks.get(&subject.id);
    if let (Some(reminder_id), Err(why)) = (due.reminder_id, heard_by(task)) {
        end_reminders::cancel(app, reminder_id, why).await?;
        return Ok(Look::Skip(why));
    }
    let recipient = &due.message.recipient.user_id;
    let may_see = task.is_some_and(|task| task.people.iter().any(|person| person.user_id == *recipient));
    Ok(if may_see { Look::Send } else { Look::Skip(MAY_NOT_SEE) })
}

/// Whether its recipient wants the message, and now.
fn look_at_preferences(due: &Due, now: DateTime<Utc>) -> Look {
    if !due.chosen.allows(due.message.kind, due.channel) {
        return Look::Skip(SWITCHED_OFF);
    }
    if due.channel == Channel::Sms && due.address.is_empty() {
        return Look::Skip(NO_PHONE);
    }
    let zone = due.chosen.zone(due.message.recipient.timezone);
    let not_before = due.chosen.not_before(due.channel, now, zone);
    if not_before > now { Look::Wait(not_before) } else { Look::Send }
}
