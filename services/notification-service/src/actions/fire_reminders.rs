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
use crate::domain::outcome::ChannelResult;
use crate::domain::person::{Audience, Person};
use crate::domain::plan::{cancelled, moved};
use crate::domain::preferences::Preferences;
use crate::domain::reminder::{Reminder, Status};
use crate::domain::verdict::{TOO_LATE, Verdict, verdict};
use crate::store::{due, outbox, preferences, reminders};

/// Reminders that are fired together at most: as many tasks as backend-api is asked about at a time.
const MOST: i64 = 500;

/// So long after its moment a reminder counts as late.
const LATE: TimeDelta = TimeDelta::seconds(5);

/// How long backend-api is left alone when it does not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// How long to wait for the event that says what backend-api knows already.
const NEWS_IS_COMING: TimeDelta = TimeDelta::seconds(3);

/// Fires what is due; says whether there may be more.
///
/// # Errors
/// When the database is away: then it is due on.
pub(crate) async fn fire_due(app: &App) -> Result<bool, DbErr> {
    let found = due::reminders(&app.db, app.clock.now(), MOST).await?;
    let more = i64::try_from(found.len()).is_ok_and(|count| count == MOST);
    fire(app, &found).await?;
    Ok(more)
}

/// Fires reminders, whenever their moments are. Those that somebody else fires, or that are not as they were found any more, are left alone.
///
/// # Errors
/// When the database is away.
pub(crate) async fn fire(app: &App, found: &[Reminder]) -> Result<(), DbErr> {
    let found: Vec<&Reminder> = found.iter().filter(|reminder| reminder.may_fire()).collect();
    if found.is_empty() {
        return Ok(());
    }
    // Nothing is locked while somebody else is asked, who may not answer.
    let tasks = match find_audience::audiences(app, found.iter().map(|reminder| reminder.task_id).collect()).await {
        Ok(tasks) => tasks,
        Err(error) => {
            tracing::warn!(%error, reminders = found.len(), "nobody says who may be reminded; it is asked again");
            let ids: Vec<Uuid> = found.iter().map(|reminder| reminder.id).collect();
            return due::put_off(&app.db, &ids, app.clock.now() + PAUSE).await;
        }
    };
    let people = tasks.values().flat_map(|task| &task.people).map(|person| person.user_id.clone()).collect();
    let transaction = begin(&app.db).await?;
    let locked = due::lock_unchanged(&transaction, &found).await?;
    if locked.is_empty() {
        return transaction.rollback().await;
    }
    let chosen = preferences::of(&transaction, people).await?;
    let reminders = found.into_iter().filter(|reminder| locked.contains(&reminder.id));
    let counts = settle(app, &transaction, reminders, &tasks, &chosen).await?;
    transaction.commit().await?;
    app.counters.fired.inc_by(counts.fired);
    app.counters.late.inc_by(counts.late);
    counts.lateness.iter().for_each(|seconds| app.counters.lateness.observe(*seconds));
    app.wake.ring();
    app.bells.deliveries.ring();
    app.bells.jobs.ring();
    Ok(())
}

/// How many were fired, how many of them late, and how late each was, in seconds.
#[derive(Debug, Default)]
struct Counts {
    fired: u64,
    late: u64,
    lateness: Vec<f64>,
}

/// Stores what became of reminders, all of which are locked.
async fn settle(
    app: &App,
    transaction: &Transaction,
    reminders: impl Iterator<Item = &Reminder>,
    tasks: &HashMap<Uuid, Audience>,
    chosen: &HashMap<String, Preferences>,
) -> Result<Counts, DbErr> {
    let now = app.clock.now();
    let (mut messages, mut apologies) = (Messages::default(), Messages::default());
    let (mut changed, mut waiting, mut ends) = (vec![], vec![], vec![]);
    let mut counts = Counts::default();
    for reminder in reminders {
        let over = match verdict(reminder, tasks.get(&reminder.task_id), now) {
            Verdict::Tell(task) => {
                let fired = fired(reminder, now);
                counts.fired += 1;
                counts.late += u64::from(fired.late);
                counts.lateness.extend(lateness(reminder, now));
                let results = remind(app, &mut messages, reminder, task, chosen);
                let Some(over) = end_reminders::ended(app, &mut apologies, &fired, &results) else {
                    // Some of its messages are on their way.
                    changed.push(fired);
                    continue;
                };
                over
            }
            Verdict::Cancel(why) => (EventType::ReminderCancelled, cancelled(reminder.clone(), why, now).reminder),
            Verdict::Miss => (EventType::ReminderFailed, missed(reminder, now)),
            Verdict::Move(moment) => {
                tracing::warn!(id = %reminder.id, task_id = %reminder.task_id, "no event says that the task has moved; its reminder follows it without");
                let news = if moment.is_some() { EventType::ReminderScheduled } else { EventType::ReminderCancelled };
                (news, moved(reminder.clone(), moment, now).reminder)
            }
            Verdict::Wait => {
                waiting.push(reminder.id);
                continue;
            }
        };
        ends.push(announce::reminder(over.0, &over.1));
        changed.push(over.1);
    }
    let told = [messages.store(transaction).await?, ends, apologies.store(transaction).await?].concat();
    reminders::store_ends(transaction, &changed).await?;
    due::put_off(transaction, &waiting, now + NEWS_IS_COMING).await?;
    outbox::store(transaction, told, &app.clock).await?;
    Ok(counts)
}

/// Writes the messages of a reminder; returns what became of them so far.
fn remind(
    app: &App,
    messages: &mut Messages,
    reminder: &Reminder,
    task: &Audience,
    chosen: &HashMap<String, Preferences>,
) -> Vec<ChannelResult> {
    let occasion = occasion(reminder, task);
    let mut people: Vec<&Person> = task.people.iter().collect();
    people.sort_by(|one, other| one.user_id.cmp(&other.user_id));
    people.into_iter().flat_map(|person| messages.write(app, &occasion, person, chosen)).collect()
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

/// Its messages are made: from here on nobody makes them again.
fn fired(reminder: &Reminder, now: DateTime<Utc>) -> Reminder {
    let late = reminder.fire_at.is_some_and(|due| now - due >= LATE);
    Reminder { fired_at: Some(now), late, updated_at: now, ..reminder.clone() }
}

/// How long after its moment, in seconds; one whose moment is to come is on time.
fn lateness(reminder: &Reminder, now: DateTime<Utc>) -> Option<f64> {
    reminder.fire_at.map(|due| (now - due).to_std().unwrap_or_default().as_secs_f64())
}

fn missed(reminder: &Reminder, now: DateTime<Utc>) -> Reminder {
    let reason = Some(format!("its moment was more than {} days ago", TOO_LATE.num_days()));
    Reminder { status: Status::Failed, reason, updated_at: now, ..reminder.clone() }
}
