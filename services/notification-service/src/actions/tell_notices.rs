//! What happened is told to those who have to do with it and did not do it themselves.

use std::collections::HashMap;

use chrono::TimeDelta;
use platform::dapr::invoke::InvokeError;
use platform::database::begin;
use sea_orm::DbErr;
use uuid::Uuid;

use super::find_audience;
use super::write_messages::{Messages, Occasion};
use crate::app::App;
use crate::domain::person::{Audience, Person};
use crate::domain::preferences::Preferences;
use crate::store::notices::Notice;
use crate::store::{notices, outbox, preferences};

/// Notices that are told together at most.
const MOST: i64 = 200;

/// How long backend-api is left alone when it does not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// Tells what waits; says whether there may be more.
///
/// # Errors
/// When the database is away: then it waits on.
pub(crate) async fn tell_notices(app: &App) -> Result<bool, DbErr> {
    let now = app.clock.now();
    let waiting = notices::waiting(&app.db, now, MOST).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let ids: Vec<Uuid> = waiting.iter().map(|notice| notice.id).collect();
    let (tasks, known) = match who(app, &waiting).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, notices = ids.len(), "nobody says who may be told; it is asked again");
            notices::put_off(&app.db, &ids, now + PAUSE).await?;
            return Ok(false);
        }
    };
    let people = tasks.values().flat_map(|task| &task.people).chain(&known).map(|person| person.user_id.clone());
    let transaction = begin(&app.db).await?;
    let locked = notices::lock_waiting(&transaction, &ids).await?;
    let chosen = preferences::of(&transaction, people.collect()).await?;
    let messages = written(app, waiting.iter().filter(|notice| locked.contains(&notice.id)), &tasks, &known, &chosen);
    outbox::store(&transaction, messages.store(&transaction).await?, &app.clock).await?;
    notices::done(&transaction, &locked, now).await?;
    transaction.commit().await?;
    app.wake.ring();
    app.bells.deliveries.ring();
    Ok(i64::try_from(ids.len()).is_ok_and(|count| count == MOST))
}

/// What there is to tell of notices.
fn written<'a>(
    app: &App,
    notices: impl Iterator<Item = &'a Notice>,
    tasks: &HashMap<Uuid, Audience>,
    known: &[Person],
    chosen: &HashMap<String, Preferences>,
) -> Messages {
    let mut messages = Messages::default();
    for notice in notices {
        let task = notice.task_id.and_then(|id| tasks.get(&id));
        let occasion = occasion(notice, task);
        let everybody = match (notice.task_id, task) {
            (None, _) => known,
            (Some(_), Some(task)) => &task.people,
            // The task is gone: there is nobody who may be told of it.
            (Some(_), None) => &[],
        };
        for person in everybody.iter().filter(|person| is_for(notice, person)) {
            messages.write(app, &occasion, person, chosen);
        }
    }
    messages
}

/// The tasks that notices are about, and the people of those that are about none.
async fn who(app: &App, waiting: &[Notice]) -> Result<(HashMap<Uuid, Audience>, Vec<Person>), InvokeError> {
    let tasks = find_audience::audiences(app, waiting.iter().filter_map(|notice| notice.task_id).collect()).await?;
    let of_none = waiting.iter().filter(|notice| notice.task_id.is_none());
    let mut users: Vec<String> = of_none.filter_map(|notice| notice.recipients.clone()).flatten().collect();
    users.sort_unstable();
    users.dedup();
    Ok((tasks, find_audience::people(app, &users).await?))
}

fn is_for(notice: &Notice, person: &Person) -> bool {
    person.user_id != notice.actor
        && notice.recipients.as_ref().is_none_or(|recipients| recipients.contains(&person.user_id))
}

fn occasion(notice: &Notice, task: Option<&Audience>) -> Occasion<'static> {
    let actor = task.and_then(|task| task.people.iter().find(|person| person.user_id == notice.actor));
    let name = actor.map(Person::name).filter(|name| !name.is_empty()).unwrap_or_else(|| notice.actor.clone());
    let body = if notice.body.is_empty() { format!("By {name}.") } else { notice.body.clone() };
    Occasion {
        kind: notice.kind,
        title: notice.title.clone(),
        body,
        source: format!("event:{}", notice.id),
        workspace_id: notice.workspace_id,
        task: task.map(Audience::subject),
        reminder: None,
        moment: notice.happened_at,
        channels: None,
    }
}
