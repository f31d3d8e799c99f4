//! Appending: offsets and messages in one statement.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::{Log, NewMessage, Topic};

/// The upsert takes the partitions' row locks in ascending order, so concurrent appends cannot deadlock, and holds them
/// until commit, so offsets become visible in order.
const APPEND: &str = "\
WITH incoming AS (
    SELECT * FROM UNNEST($3::int4[], $4::text[], $5::bytea[], $6::text[])
        WITH ORDINALITY AS message (partition, key, envelope, metadata, place)
), counted AS (
    SELECT partition, count(*) AS messages FROM incoming GROUP BY partition
), advanced AS (
    INSERT INTO sidecar.partitions AS known (pubsub, topic, partition, next_offset)
    SELECT $1, $2, partition, messages FROM counted ORDER BY partition
    ON CONFLICT (pubsub, topic, partition) DO UPDATE SET next_offset = known.next_offset + excluded.next_offset
    RETURNING known.partition, known.next_offset
), inserted AS (
    INSERT INTO sidecar.messages (pubsub, topic, partition, message_offset, key, envelope, metadata, published_at)
    SELECT $1, $2, incoming.partition,
           advanced.next_offset - counted.messages - 1
               + row_number() OVER (PARTITION BY incoming.partition ORDER BY place),
           nullif(incoming.key, ''), incoming.envelope, incoming.metadata::jsonb, $7
    FROM incoming JOIN counted USING (partition) JOIN advanced USING (partition)
)
SELECT partition, next_offset FROM advanced";

#[derive(FromQueryResult)]
struct Advanced {
    partition: i16,
    next_offset: i64,
}

impl Log {
    /// Appends `messages` to `topic`, all or none, in their order within each partition; returns when they are durable.
    pub(crate) async fn append(&self, topic: &Topic, messages: Vec<NewMessage>) -> Result<(), DbErr> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut partitions = Vec::with_capacity(messages.len());
        let mut keys = Vec::with_capacity(messages.len());
        let mut envelopes = Vec::with_capacity(messages.len());
        let mut metadata = Vec::with_capacity(messages.len());
        for message in messages {
            partitions.push(i32::from(message.partition));
            keys.push(message.key.unwrap_or_default().replace('\0', ""));
            envelopes.push(message.envelope);
            let pairs: serde_json::Value = message.metadata.iter().map(storable).collect();
            metadata.push(pairs.to_string());
        }
        let values: [Value; 7] = [
            topic.pubsub.clone().into(),
            topic.name.clone().into(),
            partitions.into(),
            keys.into(),
            envelopes.into(),
            metadata.into(),
            self.clock.now().into(),
        ];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, APPEND, values);
        for row in self.db.query_all_raw(statement).await? {
            let Advanced { partition, next_offset } = Advanced::from_query_result(&row, "")?;
            self.heads.raise(topic, partition, next_offset);
        }
        Ok(())
    }
}

/// Postgres stores no NUL in text; nothing that becomes a header may hold one either.
fn storable((name, value): (&String, &String)) -> (String, serde_json::Value) {
    (name.replace('\0', ""), value.replace('\0', "").into())
}
