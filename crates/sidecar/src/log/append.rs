//! Appending: offsets and messages in one statement, for all who append at that moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::database::{Pool, column};
use platform::group_commit::StoreGroup;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::{Heads, Log, Message, NewMessage, Topic};

/// The upsert takes the partitions' row locks in ascending order, so concurrent appends cannot deadlock, and holds them
/// until commit, so offsets become visible in order.
const APPEND: &str = "\
WITH incoming AS (
    SELECT * FROM UNNEST($1::text[], $2::text[], $3::int4[], $4::text[], $5::bytea[], $6::text[])
        WITH ORDINALITY AS message (pubsub, topic, partition, key, envelope, metadata, place)
), counted AS (
    SELECT pubsub, topic, partition, count(*) AS messages FROM incoming GROUP BY pubsub, topic, partition
), advanced AS (
    INSERT INTO sidecar.partitions AS known (pubsub, topic, partition, next_offset)
    SELECT pubsub, topic, partition, messages FROM counted ORDER BY pubsub, topic, partition
    ON CONFLICT (pubsub, topic, partition) DO UPDATE SET next_offset = known.next_offset + excluded.next_offset
    RETURNING known.pubsub, known.topic, known.partition, known.next_offset
), inserted AS (
    INSERT INTO sidecar.messages (pubsub, topic, partition, message_offset, key, envelope, metadata, published_at)
    SELECT pubsub, topic, partition,
           advanced.next_offset - counted.messages - 1
               + row_number() OVER (PARTITION BY pubsub, topic, partition ORDER BY place),
           nullif(key, ''), envelope, metadata::jsonb, $7
    FROM incoming JOIN counted USING (pubsub, topic, partition) JOIN advanced USING (pubsub, topic, partition)
)
SELECT pubsub, topic, partition, next_offset FROM advanced";

/// Appends that are stored together, at most: each may have 4 MiB.
pub(super) const MOST: usize = 8;

/// Messages of one topic that are to be stored together.
#[derive(Debug)]
pub(super) struct Append {
    topic: Topic,
    messages: Vec<NewMessage>,
}

/// Where a partition ends after an append.
#[derive(FromQueryResult)]
struct Advanced {
    pubsub: String,
    topic: String,
    partition: i16,
    next_offset: i64,
}

/// Stores appends.
#[derive(Debug)]
pub(super) struct Appender {
    pub(super) db: Pool,
    pub(super) clock: Clock,
    pub(super) heads: Arc<Heads>,
}

impl Log {
    /// Appends `messages` to `topic`, all or none, in their order within each partition; returns when they are durable.
    pub(crate) async fn append(&self, topic: &Topic, messages: Vec<NewMessage>) -> Result<(), DbErr> {
        if messages.is_empty() {
            return Ok(());
        }
        let messages = messages.into_iter().map(storable).collect();
        self.appends.store(Append { topic: topic.clone(), messages }).await
    }
}

impl StoreGroup for Appender {
    type Item = Append;
    type Answer = ();

    async fn store(&self, appends: &[Append]) -> Result<Vec<()>, DbErr> {
        let now = self.clock.now();
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, APPEND, values(appends, now));
        let rows = self.db.query_all_raw(statement).await?;
        let mut appended = by_partition(appends);
        for row in rows {
            let Advanced { pubsub, topic, partition, next_offset } = Advanced::from_query_result(&row, "")?;
            let place = (Topic { pubsub, name: topic }, partition);
            let messages = appended.remove(&place).unwrap_or_default();
            let first = next_offset - i64::try_from(messages.len()).unwrap_or(i64::MAX);
            let messages = messages.into_iter().zip(first..).map(|(message, offset)| stored(message, offset, now));
            self.heads.extend(&place.0, partition, next_offset, messages);
        }
        Ok(vec![(); appends.len()])
    }
}

fn by_partition(appends: &[Append]) -> BTreeMap<(Topic, i16), Vec<&NewMessage>> {
    let mut partitions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Append { topic, messages } in appends {
        for message in messages {
            partitions.entry((topic.clone(), message.partition)).or_default().push(message);
        }
    }
    partitions
}

fn stored(message: &NewMessage, offset: i64, published_at: DateTime<Utc>) -> Arc<Message> {
    let NewMessage { key, partition, envelope, metadata } = message.clone();
    Arc::new(Message { partition, offset, key, envelope, metadata, published_at })
}

fn values(appends: &[Append], now: DateTime<Utc>) -> [Value; 7] {
    let messages = || appends.iter().flat_map(|append| append.messages.iter().map(|message| (&append.topic, message)));
    [
        column(messages().map(|(topic, _)| topic.pubsub.clone())),
        column(messages().map(|(topic, _)| topic.name.clone())),
        column(messages().map(|(_, message)| i32::from(message.partition))),
        column(messages().map(|(_, message)| message.key.clone().unwrap_or_default())),
        column(messages().map(|(_, message)| message.envelope.to_vec())),
        column(messages().map(|(_, message)| serde_json::json!(message.metadata).to_string())),
        now.into(),
    ]
}

/// Postgres stores no NUL in text; nothing that becomes a header may hold one either. An empty key is none.
fn storable(message: NewMessage) -> NewMessage {
    let without_nul = |text: String| text.replace('\0', "");
    let key = message.key.map(without_nul).filter(|key| !key.is_empty());
    let pairs = message.metadata.into_iter().map(|(name, value)| (without_nul(name), without_nul(value)));
    NewMessage { key, metadata: pairs.collect(), ..message }
}
