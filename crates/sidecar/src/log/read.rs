//! Reading the log.

use std::collections::BTreeSet;
use std::sync::Arc;

use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::{Log, Message, Topic};

/// Messages read at once, at most.
const BATCH: i64 = 100;
/// Bytes of envelopes read at once, from which on nothing is added.
const BATCH_BYTES: i64 = 1024 * 1024;

/// A batch ends early where it gets large; its first message comes in any case.
const READ: &str = "\
SELECT message_offset, key, envelope, metadata, published_at FROM (
    SELECT *, sum(octet_length(envelope)) OVER (ORDER BY message_offset) - octet_length(envelope) AS bytes_before FROM (
        SELECT message_offset, key, envelope, metadata, published_at FROM sidecar.messages
        WHERE pubsub = $1 AND topic = $2 AND partition = $3 AND message_offset >= $4 ORDER BY message_offset LIMIT $5
    ) AS next
) AS batch WHERE bytes_before < $6 ORDER BY message_offset";

#[derive(FromQueryResult)]
struct Row {
    message_offset: i64,
    key: Option<String>,
    envelope: Vec<u8>,
    metadata: serde_json::Value,
    published_at: chrono::DateTime<chrono::Utc>,
}

#[derive(FromQueryResult)]
struct End {
    pubsub: String,
    topic: String,
    partition: i16,
    next_offset: i64,
}

impl Log {
    /// The next messages of a partition from `offset` on, as many as make a batch.
    pub(crate) async fn read(&self, topic: &Topic, partition: i16, offset: i64) -> Result<Vec<Arc<Message>>, DbErr> {
        let topic = topic.clone();
        let values: [Value; 6] =
            [topic.pubsub.into(), topic.name.into(), partition.into(), offset.into(), BATCH.into(), BATCH_BYTES.into()];
        let rows = Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, READ, values));
        let messages = rows.all(&self.db).await?.into_iter().map(|row| {
            Arc::new(Message {
                partition,
                offset: row.message_offset,
                key: row.key,
                envelope: row.envelope.into(),
                metadata: serde_json::from_value(row.metadata).unwrap_or_default(),
                published_at: row.published_at,
            })
        });
        Ok(messages.collect())
    }

    /// The names under which there are topics.
    pub(crate) async fn names(&self) -> Result<BTreeSet<String>, DbErr> {
        let ends = self.ends().await?;
        Ok(ends.into_iter().map(|(topic, ..)| topic.pubsub).collect())
    }

    /// Every partition with its next offset.
    pub(super) async fn ends(&self) -> Result<Vec<(Topic, i16, i64)>, DbErr> {
        let sql = "SELECT pubsub, topic, partition, next_offset FROM sidecar.partitions";
        let rows = End::find_by_statement(Statement::from_string(DbBackend::Postgres, sql)).all(&self.db).await?;
        let ends =
            rows.into_iter().map(|end| (Topic { pubsub: end.pubsub, name: end.topic }, end.partition, end.next_offset));
        Ok(ends.collect())
    }
}
