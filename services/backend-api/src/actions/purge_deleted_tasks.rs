//! Removes tasks that were deleted long ago; from then on only the history has them.

use chrono::TimeDelta;
use sea_orm::DbErr;

use crate::store::change::Changes;
use crate::store::deleted_tasks;

/// Removes every task that was deleted longer than `keep` ago, in batches; returns how many.
///
/// # Errors
/// When the database is away; what was removed until then stays removed.
pub async fn purge_deleted_tasks(changes: &Changes, keep: TimeDelta) -> Result<u64, DbErr> {
    let cutoff = changes.clock.now() - keep;
    let mut removed = 0;
    loop {
        match deleted_tasks::purge(&changes.db, cutoff).await? {
            0 => return Ok(removed),
            batch => removed += batch,
        }
    }
}
