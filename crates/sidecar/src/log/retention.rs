//! Forgetting: messages that are old and that every consumer group has passed. Dead letters that no group
//! subscribes to wait for somebody to look: they are never forgotten.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Log;

/// A message that a group has yet to pass stays, however old it is, and so does one of a topic `<topic>.dead` that has no group.
const FORGET: &str = "\
DELETE FROM sidecar.messages WHERE (pubsub, topic, partition, message_offset) IN (
    SELECT pubsub, topic, partition, message_offset FROM sidecar.messages AS message
    WHERE published_at < $1 AND coalesce((
        SELECT bool_and(position.next_offset > message.message_offset) FROM sidecar.positions AS position
        WHERE position.pubsub = message.pubsub AND position.topic = message.topic
          AND position.partition = message.partition), topic NOT LIKE '%.dead')
    LIMIT $2)";

/// Deletes what was published before `oldest`, `batch` messages at a time, and returns how many they were.
pub(crate) async fn enforce(log: &Log, oldest: DateTime<Utc>, batch: u32) -> Result<u64, DbErr> {
    let mut forgotten = 0;
    loop {
        let values = [oldest.into(), i64::from(batch).into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, FORGET, values);
        let deleted = log.db.execute_raw(statement).await?.rows_affected();
        forgotten += deleted;
        if deleted < u64::from(batch) {
            return Ok(forgotten);
        }
    }
}
