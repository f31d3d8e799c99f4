//! A task changed: its reminders follow.

use chrono::{DateTime, Utc};
use events::EventType;
use platform::bell::SWEEP;
use platform::database::begin;
use sea_orm::DbErr;

use super::announce;
use crate::app::App;
use crate::domain::plan::{Change, News, plan};
use crate::domain::reminder::{Reminder, Status};
use crate::domain::task::Task;
use crate::store::{outbox, reminders};

/// Acts on event number `sequence` of the task's workspace, of the moment `at`, after which the task is as `task` says. An event that comes again
/// changes nothing.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(crate) async fn follow_task(app: &App, task: &Task, sequence: i64, at: DateTime<Utc>) -> Result<(), DbErr> {
    if task.reminders.is_empty() && reminders::of_task(&app.db, task.id).await?.0.is_empty() {
        return Ok(());
    }
    let transaction = begin(&app.db).await?;
    reminders::lock_task(&transaction, task.id).await?;
    let (held, reached) = reminders::of_task(&transaction, task.id).await?;
    let changes = if sequence <= reached { Vec::new() } else { plan(task, &held, at) };
    if changes.is_empty() {
        return transaction.rollback().await;
    }
    let drafts = changes.iter().filter_map(|Change { reminder, news }| {
        let event_type = match news.as_ref()? {
            News::Scheduled => EventType::ReminderScheduled,
            News::Cancelled => EventType::ReminderCancelled,
        };
        Some(announce::reminder(event_type, reminder))
    });
    outbox::store(&transaction, drafts.collect(), &app.clock).await?;
    let changed: Vec<Reminder> = changes.into_iter().map(|change| change.reminder).collect();
    reminders::save(&transaction, &changed, sequence).await?;
    transaction.commit().await?;
    app.wake.ring();
    app.bells.jobs.ring();
    // Whoever looks for what is due has to know of what is due before they look again.
    let soon = app.clock.now() + SWEEP;
    let is_soon =
        |reminder: &Reminder| reminder.status == Status::Scheduled && reminder.fire_at.is_some_and(|due| due <= soon);
    if changed.iter().any(is_soon) {
        app.bells.due.ring();
    }
    Ok(())
}
