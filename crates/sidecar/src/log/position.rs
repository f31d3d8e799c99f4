//! How far each consumer group has come.
//!
//! Workers report each message they are done with; one writer stores what was reported lately in a single statement, so
//! that many partitions cost one commit. What was reported and not stored yet is delivered again after a crash, which
//! at-least-once allows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{PARTITIONS, Topic};
use crate::resources::Beginning;

/// How long reports are gathered before they are stored.
const GATHER: Duration = Duration::from_millis(20);

/// In ascending order, so that writers of several processes cannot deadlock; a position never goes back.
const STORE: &str = "\
INSERT INTO sidecar.positions AS known (consumer_group, pubsub, topic, partition, next_offset)
SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::int4[], $5::int8[])
    AS reported (consumer_group, pubsub, topic, partition, next_offset) ORDER BY 1, 2, 3, 4
ON CONFLICT (consumer_group, pubsub, topic, partition)
    DO UPDATE SET next_offset = greatest(known.next_offset, excluded.next_offset)";

/// Where a group is that is new: at the oldest message of each partition, or (`$5`) after the newest.
const JOIN: &str = "\
INSERT INTO sidecar.positions (consumer_group, pubsub, topic, partition, next_offset)
SELECT $1, $2, $3, number, CASE WHEN $5 THEN coalesce(known.next_offset, 0) ELSE 0 END
FROM generate_series(0, $4 - 1) AS number
LEFT JOIN sidecar.partitions AS known ON known.pubsub = $2 AND known.topic = $3 AND known.partition = number
ORDER BY number ON CONFLICT DO NOTHING";

const LOAD: &str = "\
SELECT partition, next_offset FROM sidecar.positions WHERE consumer_group = $1 AND pubsub = $2 AND topic = $3";

type Reported = BTreeMap<(String, Topic, i16), i64>;

#[derive(FromQueryResult)]
struct Row {
    partition: i16,
    next_offset: i64,
}

/// The positions of this process' consumer groups; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    db: Pool,
    reported: Arc<Mutex<Reported>>,
    news: Arc<Notify>,
}

impl Positions {
    pub(crate) fn new(db: Pool) -> Self {
        Self { db, reported: Arc::default(), news: Arc::new(Notify::new()) }
    }

    /// Makes the group known, at its beginning where it is new, and returns where it stands in each partition.
    pub(crate) async fn join(
        &self,
        group: &str,
        topic: &Topic,
        beginning: Beginning,
    ) -> Result<Vec<(i16, i64)>, DbErr> {
        let values: [Value; 3] = [group.into(), topic.pubsub.clone().into(), topic.name.clone().into()];
        let [group, pubsub, name] = values.clone();
        let newest = beginning == Beginning::Newest;
        let join = [group, pubsub, name, i32::from(PARTITIONS).into(), newest.into()];
        self.db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, JOIN, join)).await?;
        let rows = Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, LOAD, values));
        Ok(rows.all(&self.db).await?.into_iter().map(|row| (row.partition, row.next_offset)).collect())
    }

    /// Reports that everything below `next_offset` is dealt with.
    pub(crate) fn report(&self, group: &str, topic: &Topic, partition: i16, next_offset: i64) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.insert((group.to_owned(), topic.clone(), partition), next_offset);
        self.news.notify_one();
    }

    /// Stores reports until `stop`, and what is left then.
    pub(crate) async fn keep(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.news.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(GATHER) => {}
            }
            if !self.flush().await {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        self.flush().await;
    }

    /// Stores what was reported; on failure it is kept for the next time.
    async fn flush(&self) -> bool {
        let taken = std::mem::take(&mut *self.reported.lock().unwrap_or_else(PoisonError::into_inner));
        let Err(error) = self.store(&taken).await else { return true };
        tracing::warn!(%error, positions = taken.len(), "positions could not be stored; trying again");
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, next_offset) in taken {
            reported.entry(partition).or_insert(next_offset);
        }
        self.news.notify_one();
        false
    }

    async fn store(&self, reported: &Reported) -> Result<(), DbErr> {
        if reported.is_empty() {
            return Ok(());
        }
        let keys = || reported.keys();
        let values: [Value; 5] = [
            keys().map(|(group, ..)| group.clone()).collect::<Vec<_>>().into(),
            keys().map(|(_, topic, _)| topic.pubsub.clone()).collect::<Vec<_>>().into(),
            keys().map(|(_, topic, _)| topic.name.clone()).collect::<Vec<_>>().into(),
            keys().map(|(.., partition)| i32::from(*partition)).collect::<Vec<_>>().into(),
            reported.values().copied().collect::<Vec<i64>>().into(),
        ];
        self.db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, STORE, values)).await.map(|_| ())
    }
}
