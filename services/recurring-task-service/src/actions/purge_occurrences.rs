//! Removes instances that are of no consequence any more.

use chrono::TimeDelta;
use sea_orm::DbErr;

use crate::app::App;
use crate::store::purge;

/// How long they are kept, so that an event that comes very late finds what it is about.
const KEEP: TimeDelta = TimeDelta::days(30);

/// Instances that are removed in one statement.
const MOST: i64 = 1_000;

/// Removes instances that were withdrawn, or are over and followed by others, if nothing has happened to them for a month; says how many.
///
/// # Errors
/// When the database is away.
pub(crate) async fn purge_occurrences(app: &App) -> Result<u64, DbErr> {
    let before = app.clock.now() - KEEP;
    let mut removed = 0;
    loop {
        let some = purge::remove(&app.db, before, MOST).await?;
        removed += some;
        if some < MOST.unsigned_abs() {
            return Ok(removed);
        }
    }
}
