//! An event becomes an entry, once.

use events::Event;
use platform::clock::Clock;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use crate::domain::entry::Entry;
use crate::store::entries;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It is a new entry.
    Now,
    /// It was recorded at an earlier delivery, here or by another topic.
    Before,
    /// Another event was recorded under its id; that one stays.
    Otherwise,
}

/// Records `event`, which came as `payload`, unless its id is in the history. One statement, so one transaction.
///
/// # Errors
/// When the database does not take it.
pub(crate) async fn record_event(
    db: &impl ConnectionTrait,
    clock: &Clock,
    event: Event,
    payload: Value,
) -> Result<Recorded, DbErr> {
    let entry = Entry::of(event, payload);
    if entries::insert(db, &entry, clock.now()).await? {
        return Ok(Recorded::Now);
    }
    let same = entries::holds(db, entry.event_id, &entry.details).await?;
    Ok(if same == Some(true) { Recorded::Before } else { Recorded::Otherwise })
}
