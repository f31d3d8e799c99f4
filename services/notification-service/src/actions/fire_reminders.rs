//! Reminders whose moment has come become messages, once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use events::EventType;
use platform::database::{Transaction, begin};
use sea_orm::DbErr;
use uuid::Uuid;

use super::write_messages::{Messages, Occasion};
use super::{announce, end_reminders, find_audience};
use crate::app::App;
use crate::domain::message::Kind;
use crate::domain::person::Audience;
use crate::domain::plan::cancelled;
use crate::domain::preferences::Preferences;
use crate::domain::reminder::{Reminder, Status};
use crate::domain::task::Standing;
use crate::store::{claims, outbox, preferences, reminders};

/// Reminders that are fired together at most.
const MOST: i64 = 200;

/// So long after its moment a reminder counts as late.
const LATE: TimeDelta = TimeDelta::seconds(5);

/// So long after its moment it helps nobody any more: as when the service is new beside tasks that are old.
const TOO_LATE: TimeDelta = TimeDelta::days(7);

/// How long backend-api is left alone when it does not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// How long to wait for the event that says what backend-api knows already.
const NEWS_IS_COMING: TimeDelta = TimeDelta::seconds(3);

/// What is to become of a claimed reminder.
enum Verdict<'a> {
    Tell(&'a Audience),
    Cancel(&'static str),
    /// It was so long ago that it ends without a word.
    Miss,
    /// The task has changed, and the event that says so is on its way.
    Wait,
}

/// Fires what is due; says whether there may be more.
///
/// # Errors
/// When the database is away: then what was claimed comes again by itself.
pub(crate) async fn fire_due(app: &App) -> Result<bool, DbErr> {
    let claimed = claims::claim_due(&app.db, app.clock.now(), MOST).await?;
    let more = i64::try_from(claimed.len()).is_ok_and(|count| count == MOST);
    fire(app, claimed).await?;
    Ok(more)
}

/// Fires one reminder, whenever its moment is. A claim of somebody else, and a reminder that is not scheduled any more, are left alone.
///
/// # Errors
/// When the database is away.
pub(crate) async fn fire_now(app: &App, id: Uuid) -> Result<(), DbErr> {
    let claimed = claims::claim(&app.db, id, app.clock.now()).await?;
    fire(app, claimed.into_iter().collect()).await
}

async fn fire(app: &App, claimed: Vec<Reminder>) -> Result<(), DbErr> {
    if claimed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = claimed.iter().map(|reminder| reminder.id).collect();
    let now = app.clock.now();
    let tasks = match find_audience::audiences(app, claimed.iter().map(|reminder| reminder.task_id).collect()).await {
        Ok(tasks) => tasks,
        Err(error) => {
            tracing::warn!(%error, reminders = ids.len(), "nobody says who may be reminded; it is asked again");
            return claims::put_off(&app.db, &ids, now + PAUSE).await;
        }
    };
    let people = tasks.values().flat_map(|task| &task.people).map(|person| person.user_id.clone()).collect::<Vec<_>>();
    let chosen = preferences::of(&app.db, &people).await?;
    let transaction = begin(&app.db).await?;
    let unchanged = reminders::lock_unchanged(&transaction, &claimed).await?;
    let claimed: Vec<Reminder> = claimed.into_iter().filter(|reminder| unchanged.contains(&reminder.id)).collect();
    settle(app, &transaction, &claimed, &tasks, &chosen).await?;
    transaction.commit().await?;
    app.wake.ring();
    app.bells.deliveries.ring();
    app.bells.jobs.ring();
    Ok(())
}

/// Stores what became of the claimed reminders, all of which are locked.
async fn settle(
    app: &App,
    transaction: &Transaction,
    claimed: &[Reminder],
    tasks: &HashMap<Uuid, Audience>,
    chosen: &HashMap<String, Preferences>,
) -> Result<(), DbErr> {
    let now = app.clock.now();
    let (mut messages, mut fired, mut waiting, mut drafts, mut over) =
        (Messages::default(), vec![], vec![], vec![], vec![]);
    for reminder in claimed {
        match verdict(reminder, tasks.get(&reminder.task_id), now) {
            Verdict::Tell(task) => {
                let occasion = occasion(reminder, task);
                task.people.iter().for_each(|person| messages.write(app, &occasion, person, chosen));
                fired.push(reminder.id);
            }
            Verdict::Cancel(why) => {
                over.push((EventType::ReminderCancelled, cancelled(reminder.clone(), why, now).reminder));
            }
            Verdict::Miss => over.push((EventType::ReminderFailed, missed(reminder, now))),
            Verdict::Wait => waiting.push(reminder.id),
        }
    }
    drafts.extend(over.iter().map(|(event_type, reminder)| announce::reminder(*event_type, reminder)));
    let over: Vec<Reminder> = over.into_iter().map(|(_, reminder)| reminder).collect();
    reminders::end(transaction, &over).await?;
    claims::put_off(transaction, &waiting, now + NEWS_IS_COMING).await?;
    drafts.extend(messages.store(transaction).await?);
    reminders::mark_fired(transaction, &fired, now, now - LATE).await?;
    outbox::store(transaction, drafts, &app.clock).await?;
    end_reminders::end_reminders(app, transaction, &fired).await?;
    app.counters.fired.inc_by(fired.len() as u64);
    let late =
        |reminder: &&Reminder| fired.contains(&reminder.id) && reminder.fire_at.is_some_and(|due| now - due >= LATE);
    app.counters.late.inc_by(claimed.iter().filter(late).count() as u64);
    Ok(())
}

fn verdict<'a>(reminder: &Reminder, task: Option<&'a Audience>, now: DateTime<Utc>) -> Verdict<'a> {
    let Some(task) = task else { return Verdict::Cancel(Standing::Deleted.as_str()) };
    if task.standing != Standing::Open {
        return Verdict::Cancel(task.standing.as_str());
    }
    if reminder.wanted.moment(task.due) != reminder.fire_at {
        return Verdict::Wait;
    }
    if task.people.is_empty() {
        return Verdict::Cancel("nobody may see the task");
    }
    if reminder.fire_at.is_some_and(|due| now - due > TOO_LATE) { Verdict::Miss } else { Verdict::Tell(task) }
}

fn occasion<'a>(reminder: &'a Reminder, task: &Audience) -> Occasion<'a> {
    Occasion {
        kind: Kind::Reminder,
        title: format!("Reminder: {}", task.title),
        body: String::new(),
        source: format!("reminder:{}:{}", reminder.id, reminder.version),
        workspace_id: reminder.workspace_id,
        task: Some(task.subject()),
        reminder: Some((reminder.id, reminder.version)),
        moment: reminder.fire_at.unwrap_or(reminder.updated_at),
        channels: reminder.wanted.channels.as_deref(),
    }
}

fn missed(reminder: &Reminder, now: DateTime<Utc>) -> Reminder {
    let reason = Some(format!("its moment was more than {} days ago", TOO_LATE.num_days()));
    Reminder { status: Status::Failed, reason, updated_at: now, ..reminder.clone() }
}
