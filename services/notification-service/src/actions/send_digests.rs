//! The daily e-mails, to those who want one.

use std::collections::HashMap;

use chrono::TimeDelta;
use platform::database::begin;
use sea_orm::DbErr;
use uuid::Uuid;

use super::find_audience;
use super::write_messages::{Messages, Occasion};
use crate::app::App;
use crate::domain::channel::Channel;
use crate::domain::message::Kind;
use crate::domain::person::Person;
use crate::domain::preferences::Preferences;
use crate::store::{notifications, preferences};

/// Digests that are written at a time.
const MOST: i64 = 100;
/// What a digest tells of at most.
const MOST_ENTRIES: i64 = 50;
/// What a digest looks back on.
const DAY: TimeDelta = TimeDelta::days(1);

/// Writes the digests that are due; says whether there may be more.
///
/// # Errors
/// When the database is away.
pub(crate) async fn send_digests(app: &App) -> Result<bool, DbErr> {
    let due = preferences::due_digests(&app.db, app.clock.now(), MOST).await?;
    if due.is_empty() {
        return Ok(false);
    }
    let people = match find_audience::people(app, &due).await {
        Ok(people) => people,
        Err(error) => {
            tracing::warn!(%error, digests = due.len(), "nobody says where the digests go; it is asked again");
            return Ok(false);
        }
    };
    let people: HashMap<&str, &Person> = people.iter().map(|person| (person.user_id.as_str(), person)).collect();
    let chosen = preferences::of(&app.db, due.iter().cloned().collect()).await?;
    for user_id in &due {
        write(app, user_id, people.get(user_id.as_str()).copied(), &chosen).await?;
    }
    app.bells.deliveries.ring();
    Ok(i64::try_from(due.len()).is_ok_and(|count| count == MOST))
}

/// Writes one. A user who is gone gets none, and a day without news needs none.
async fn write(
    app: &App,
    user_id: &str,
    person: Option<&Person>,
    chosen: &HashMap<String, Preferences>,
) -> Result<(), DbErr> {
    let now = app.clock.now();
    let next = person
        .zip(chosen.get(user_id))
        .and_then(|(person, chosen)| chosen.next_digest(now, chosen.zone(person.zone())));
    let transaction = begin(&app.db).await?;
    let Some(due) = preferences::take_digest(&transaction, user_id, now, next).await? else {
        return transaction.rollback().await;
    };
    let news = notifications::for_digest(&transaction, user_id, due - DAY, MOST_ENTRIES).await?;
    if let Some(person) = person.filter(|_| !news.is_empty()) {
        let lines = news.iter().map(|(title, body)| format!("- {title}\n  {body}"));
        let occasion = Occasion {
            kind: Kind::Digest,
            title: format!("Your day in Tidings: {} new", news.len()),
            body: lines.collect::<Vec<_>>().join("\n"),
            source: format!("digest:{due}"),
            workspace_id: Uuid::nil(),
            task: None,
            reminder: None,
            moment: due,
            channels: Some(&[Channel::Email]),
        };
        let mut messages = Messages::default();
        messages.write(app, &occasion, person, chosen);
        // They are on nobody's list, so there is nothing to tell.
        messages.store(&transaction).await?;
    }
    transaction.commit().await
}
