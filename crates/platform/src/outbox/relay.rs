//! Moves events from the outbox to the broker, in order for each workspace, with any number of replicas.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::row::OutboxRow;
use crate::clock::Clock;
use crate::dapr::publish::{Message, Publisher};
use crate::database::{Pool, Transaction, begin, begin_as_system};
use crate::metrics::Metrics;
use crate::outage::{Activity, OutageAlert};

/// Rows of one batch at most.
const BATCH_ROWS: u32 = 500;
/// Bytes of one batch, after which no row is added: one row has at most 1 MiB, and a gRPC request 4 MiB.
const BATCH_BYTES: u32 = 1024 * 1024;
/// Shards of the outbox (`shard` in its table).
const SHARDS: usize = 16;
/// How often the outbox is looked at when nobody rang.
const POLL: Duration = Duration::from_secs(1);
/// How long after the beginning of a batch that took all there was the next one begins, at the earliest: under load, events wait for each other a
/// little instead of going each by itself, which costs everybody more. The first after a pause goes at once.
const PACE: Duration = Duration::from_millis(10);
/// The longest pause after failures.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Rows removed at once.
const REMOVE_BATCH: u64 = 1_000;

/// Rung after each commit that wrote to the outbox.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is something to publish.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// The relay of one service's outbox.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The service's database.
    pub db: Pool,
    /// The schema of its outbox.
    pub schema: &'static str,
    /// Its app-id: the `source` of its events.
    pub app_id: &'static str,
    /// Its sidecar.
    pub publisher: Publisher,
    /// Rung after commits.
    pub wake: Wake,
    /// The time.
    pub clock: Clock,
    /// How long published rows are kept: the change history that the service can look back on.
    pub keep_published: TimeDelta,
}

/// What one round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Rows that were published.
    pub published: i64,
    /// Whether more were waiting than one batch takes.
    pub more: bool,
    /// Whether all shards were looked at and nothing waits in any of them.
    pub nothing_waits: bool,
}

/// Why a batch was not published.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database is away.
    #[error("the outbox cannot be read: {0}")]
    Database(#[from] DbErr),
    /// The sidecar or its broker is away, or refused an event.
    #[error("the sidecar did not take the events: {0}")]
    Publish(#[from] tonic::Status),
}

impl Relay {
    /// Publishes until `stop`; failures are waited out with a growing pause, and nothing is lost meanwhile.
    pub async fn run(self, metrics: Metrics, stop: CancellationToken) {
        let (clock, publisher) = (self.clock.clone(), self.publisher.clone());
        let mut alert = OutageAlert::new(Activity::EventPublishing, self.app_id, clock, publisher, &metrics);
        let mut failures: u32 = 0;
        while !stop.is_cancelled() {
            let not_before = Instant::now() + PACE;
            let pause = match self.publish_batch().await {
                Ok(Batch { published, more, nothing_waits }) => {
                    failures = 0;
                    // Where nothing waits any more, another replica has published it.
                    if published > 0 || nothing_waits {
                        alert.succeeded().await;
                    }
                    if more { Duration::ZERO } else { POLL }
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    match &error {
                        RelayError::Publish(_) => alert.failed(&error),
                        RelayError::Database(_) if failures.is_power_of_two() => {
                            tracing::warn!(service = self.app_id, %error, failures, "events wait in the outbox");
                        }
                        RelayError::Database(_) => {}
                    }
                    let pause = backoff(failures);
                    // A ring does not shorten the pause after a failure.
                    tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
                    Duration::ZERO
                }
            };
            if !pause.is_zero() {
                tokio::select! { _ = timeout(pause, self.wake.0.notified()) => {}, () = stop.cancelled() => {} }
                tokio::select! { () = sleep_until(not_before) => {}, () = stop.cancelled() => {} }
            }
        }
    }

    /// Publishes the oldest rows of the shards that no other replica holds.
    ///
    /// # Errors
    /// When the database or the sidecar is away; then all of the batch remains, and some of it may have been published.
    pub async fn publish_batch(&self) -> Result<Batch, RelayError> {
        let transaction = begin(&self.db).await?;
        let shards = self.claim_shards(&transaction).await?;
        let all_shards = shards.len() == SHARDS;
        let rows = self.oldest(&transaction, shards).await?;
        let waiting = rows.first().map_or(0, |row| row.waiting);
        if rows.is_empty() {
            transaction.rollback().await?;
            return Ok(Batch { published: 0, more: false, nothing_waits: all_shards });
        }
        let (topics, spans) = by_topic(&rows, self.app_id);
        let topics = topics.into_iter();
        all_to_the_end(topics.map(|(topic, messages)| self.publisher.publish(topic, messages))).await?;
        drop(spans);
        self.mark_published(&transaction, &rows).await?;
        transaction.commit().await?;
        let published = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Ok(Batch { published, more: published < waiting, nothing_waits: false })
    }

    /// Takes the shards that are free for the length of the transaction, which acts as the system from here on. A statement of its
    /// own, so that the next one sees what the last holder committed.
    async fn claim_shards(&self, transaction: &Transaction) -> Result<Vec<i16>, DbErr> {
        let sql = format!(
            "SELECT shard::smallint FROM (SELECT set_config('tidings.scope', 'system', true) AS scope OFFSET 0) AS named \
             CROSS JOIN generate_series(0, {SHARDS} - 1) AS shard \
             WHERE named.scope IS NOT NULL AND pg_try_advisory_xact_lock(hashtext($1), shard)"
        );
        let name = format!("outbox:{}", self.schema);
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into()]);
        let rows = transaction.query_all_raw(statement).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    async fn oldest(&self, transaction: &Transaction, shards: Vec<i16>) -> Result<Vec<OutboxRow>, DbErr> {
        let sql = format!(
            "WITH oldest AS (\
               SELECT *, count(*) OVER () AS waiting, \
                 sum(octet_length(payload::text)) OVER (ORDER BY id) - octet_length(payload::text) AS bytes_before \
               FROM (SELECT * FROM {}.outbox WHERE published_at IS NULL AND shard = ANY ($1) ORDER BY id LIMIT {}) row) \
             SELECT id, workspace_id, event_id, event_type, topics, payload, trace_context, waiting \
             FROM oldest WHERE bytes_before < {BATCH_BYTES} ORDER BY id LIMIT {BATCH_ROWS}",
            self.schema,
            BATCH_ROWS + 1
        );
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [shards.into()]);
        OutboxRow::find_by_statement(statement).all(transaction).await
    }

    async fn mark_published(&self, transaction: &Transaction, rows: &[OutboxRow]) -> Result<(), DbErr> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        // The array stands where the planner does not look into it: it would plan anew for each.
        let sql = format!(
            "UPDATE {}.outbox SET published_at = $1 \
             FROM (SELECT $2::bigint[] AS ids OFFSET 0) AS published CROSS JOIN LATERAL unnest(ids) AS row (id) \
             WHERE outbox.id = row.id",
            self.schema
        );
        let values = [self.clock.now().into(), ids.into()];
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        Ok(())
    }

    /// Removes a batch of rows that were published longer ago than they are kept; returns how many. The oldest go first, so
    /// that what remains of a workspace is its latest numbers without a gap.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn remove_published(&self) -> Result<u64, DbErr> {
        let sql = format!(
            "DELETE FROM {0}.outbox WHERE id IN \
             (SELECT id FROM {0}.outbox WHERE published_at < $1 ORDER BY published_at, id LIMIT {REMOVE_BATCH})",
            self.schema
        );
        let before = self.clock.now() - self.keep_published;
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [before.into()]);
        let transaction = begin_as_system(&self.db).await?;
        let removed = transaction.execute_raw(statement).await?.rows_affected();
        transaction.commit().await?;
        Ok(removed)
    }
}

/// The same event goes to each of its topics; the order within a topic is that of the rows. The spans are those of the publishing of each.
fn by_topic<'a>(rows: &'a [OutboxRow], source: &str) -> (BTreeMap<&'a str, Vec<Message>>, Vec<Span>) {
    let mut topics: BTreeMap<&str, Vec<Message>> = BTreeMap::new();
    let mut spans = Vec::with_capacity(rows.len());
    for row in rows {
        let (message, span) = row.message(source);
        for topic in &row.topics {
            topics.entry(topic).or_default().push(message.clone());
        }
        spans.push(span);
    }
    (topics, spans)
}

/// Waits for each, also when one has failed. To the sidecar a publish that is cut off has failed: of several at once its circuit breaker
/// lets one try whether the broker is back, and refuses the others; cut off for their sake, the one would never succeed.
async fn all_to_the_end<E>(publishes: impl Iterator<Item = impl Future<Output = Result<(), E>>>) -> Result<(), E> {
    join_all(publishes).await.into_iter().collect()
}

fn backoff(failures: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(1 << failures.min(6)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::{BoxFuture, FutureExt as _, LocalBoxFuture};

    use super::*;

    #[tokio::test]
    async fn what_is_refused_cuts_nothing_off() {
        let ended = Cell::new(false);
        let under_way = async {
            tokio::task::yield_now().await;
            ended.set(true);
            Ok(())
        };
        let refused: LocalBoxFuture<'_, Result<(), &str>> = async { Err("too many requests") }.boxed_local();
        let both = [refused, under_way.boxed_local()];
        assert_eq!(all_to_the_end(both.into_iter()).await, Err("too many requests"));
        assert!(ended.get());
        let none: [BoxFuture<'_, Result<(), &str>>; 0] = [];
        assert_eq!(all_to_the_end(none.into_iter()).await, Ok(()));
    }
}
