//! What waited, for quiet hours to end or for a provider, is looked at again before it leaves: the task may be done by now, or be somebody else's.

use chrono::TimeDelta;
use platform::dapr::invoke::InvokeError;
use sea_orm::DbErr;

use super::{end_reminders, find_audience};
use crate::app::App;
use crate::domain::outcome::MAY_NOT_SEE;
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

/// Why the message is not to leave any more, if so. A reminder that is not to be sent is cancelled.
pub(super) async fn objection(app: &App, due: &Due) -> Result<Option<&'static str>, Failure> {
    if due.is_over {
        return Ok(Some("its reminder is over"));
    }
    let Some(subject) = due.message.task.as_ref().filter(|_| app.clock.now() - due.told_at >= WAITED) else {
        return Ok(None);
    };
    let tasks = find_audience::audiences(app, vec![subject.id]).await?;
    let task = tasks.get(&subject.id);
    if let (Some(reminder_id), Err(why)) = (due.reminder_id, heard_by(task)) {
        end_reminders::cancel(app, reminder_id, why).await?;
        return Ok(Some(why));
    }
    let recipient = &due.message.recipient.user_id;
    let may_see = task.is_some_and(|task| task.people.iter().any(|person| person.user_id == *recipient));
    Ok((!may_see).then_some(MAY_NOT_SEE))
}
