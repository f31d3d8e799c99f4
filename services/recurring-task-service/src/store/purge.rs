//! Which instances are of no consequence any more.

use chrono::{DateTime, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr};

/// Removes up to `most` instances to which nothing has happened since `before`, and nothing will: those that are withdrawn, and those that two others
/// come after, since a series steps back by one at most.
pub(crate) async fn remove(db: &impl ConnectionTrait, before: DateTime<Utc>, most: i64) -> Result<u64, DbErr> {
    let sql = "DELETE FROM recurring.occurrences WHERE task_id IN (SELECT task_id FROM recurring.occurrences AS held \
        WHERE updated_at < $1 AND (status = 'withdrawn' OR status IN ('open', 'completed', 'skipped') AND \
          (SELECT count(*) FROM (SELECT FROM recurring.occurrences AS later WHERE later.series_id = held.series_id \
            AND later.status <> 'withdrawn' AND later.number > held.number LIMIT 2) AS two) = 2) LIMIT $2)";
    Ok(db.execute_raw(statement(sql, [before.into(), most.into()])).await?.rows_affected())
}
