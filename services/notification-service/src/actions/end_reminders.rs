//! A reminder ends when none of its messages is on its way any more.

use std::collections::HashMap;

use events::EventType;
use platform::database::{Transaction, begin};
use sea_orm::DbErr;
use serde_json::json;
use uuid::Uuid;

use super::announce;
use super::write_messages::{Messages, Occasion};
use crate::app::App;
use crate::domain::channel::Channel;
use crate::domain::message::{Kind, Subject};
use crate::domain::outcome::{ChannelResult, Outcome, outcome};
use crate::domain::person::Person;
use crate::domain::plan::cancelled;
use crate::domain::reminder::{Reminder, Status};
use crate::store::{deliveries, outbox, reminders};

/// Ends those of `ids` that nothing is pending of, and tells of it.
///
/// # Errors
/// When the database is away.
pub(super) async fn end_reminders(app: &App, transaction: &Transaction, ids: &[Uuid]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let fired = reminders::lock_fired(transaction, ids).await?;
    let mut results: HashMap<Uuid, Vec<ChannelResult>> = HashMap::new();
    for (reminder, result) in deliveries::results(transaction, ids).await? {
        results.entry(reminder).or_default().push(result);
    }
    let (mut changed, mut drafts, mut messages) = (Vec::new(), Vec::new(), Messages::default());
    for reminder in fired {
        let results = results.remove(&reminder.id).unwrap_or_default();
        if let Some((event_type, reminder)) = ended(app, &mut messages, &reminder, &results) {
            drafts.push(announce::reminder(event_type, &reminder));
            changed.push(reminder);
        }
    }
    reminders::store_ends(transaction, &changed).await?;
    drafts.extend(messages.store(transaction).await?);
    outbox::store(transaction, drafts, &app.clock).await
}

/// Cancels a reminder some of whose messages are still on their way, and tells of it.
///
/// # Errors
/// When the database is away.
pub(super) async fn cancel(app: &App, id: Uuid, why: &str) -> Result<(), DbErr> {
    let transaction = begin(&app.db).await?;
    let fired = reminders::lock_fired(&transaction, &[id]).await?;
    let over = fired.into_iter().map(|fired| cancelled(fired, why, app.clock.now()).reminder).collect::<Vec<_>>();
    let told = over.iter().map(|reminder| announce::reminder(EventType::ReminderCancelled, reminder)).collect();
    reminders::store_ends(&transaction, &over).await?;
    outbox::store(&transaction, told, &app.clock).await?;
    transaction.commit().await?;
    app.wake.ring();
    app.bells.jobs.ring();
    Ok(())
}

/// A fired reminder as it ends with these results, and what is told of that; nothing while a message is on its way. Whoever should have been reminded and
/// was not, finds that in the application.
pub(super) fn ended(
    app: &App,
    messages: &mut Messages,
    fired: &Reminder,
    results: &[ChannelResult],
) -> Option<(EventType, Reminder)> {
    let (status, event_type, reason) = match outcome(results)? {
        Outcome::Sent => (Status::Sent, EventType::ReminderSent, None),
        Outcome::Failed(why) => (Status::Failed, EventType::ReminderFailed, Some(why)),
    };
    let now = app.clock.now();
    let sent_at = (status == Status::Sent).then_some(now);
    let reminder = Reminder { status, reason, sent_at, results: json!(results), updated_at: now, ..fired.clone() };
    if status == Status::Failed {
        apologise(app, messages, &reminder, results);
    }
    Some((event_type, reminder))
}

/// Tells everybody who was to be reminded, in the application, that it did not work.
fn apologise(app: &App, messages: &mut Messages, reminder: &Reminder, results: &[ChannelResult]) {
    let told = results.iter().filter(|result| !result.is_withheld());
    let mut user_ids: Vec<&str> = told.map(|result| result.user_id.as_str()).collect();
    user_ids.dedup();
    let occasion = Occasion {
        kind: Kind::DeliveryFailed,
        title: format!("Not sent: reminder of {}", reminder.task_title),
        body: reminder.reason.clone().unwrap_or_default(),
        source: format!("failed:{}:{}", reminder.id, reminder.version),
        workspace_id: reminder.workspace_id,
        task: Some(Subject { id: reminder.task_id, title: reminder.task_title.clone(), due: None }),
        reminder: None,
        moment: reminder.updated_at,
        channels: Some(&[Channel::InApp]),
    };
    for user_id in user_ids {
        // How else they are reached does not matter here.
        let (email, timezone) = (None, "UTC".to_owned());
        let person = Person {
            user_id: user_id.to_owned(),
            email,
            first_name: String::new(),
            last_name: String::new(),
            timezone,
        };
        messages.write(app, &occasion, &person, &HashMap::new());
    }
}
