//! How much waits in the outbox, for `/health`, the metrics and a warning in the log.

use std::time::Duration;

use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Relay;
use crate::clock::Clock;
use crate::database::{Pool, begin_as_system};
use crate::health::Check;
use crate::metrics::Metrics;

/// How often the backlog is measured.
const INTERVAL: Duration = Duration::from_secs(10);
/// From this age on it is told in the log, in seconds.
const OLD: i64 = 30;

/// Up to how many rows are counted: enough to tell that it is very many.
const COUNTED: u32 = 100_000;

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows that are not published yet, counted up to 100,000.
    pub pending: i64,
    /// The age of the oldest of them in seconds; 0 when nothing waits.
    pub oldest_seconds: i64,
}

#[derive(FromQueryResult)]
struct Row {
    pending: i64,
    oldest: Option<chrono::DateTime<chrono::Utc>>,
}

impl Backlog {
    /// Measures the outbox of `schema`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn measure(db: &Pool, schema: &str, clock: &Clock) -> Result<Self, DbErr> {
        let waiting = format!("SELECT created_at FROM {schema}.outbox WHERE published_at IS NULL ORDER BY id");
        let sql = format!(
            "SELECT (SELECT count(*) FROM ({waiting} LIMIT {COUNTED}) row) AS pending, ({waiting} LIMIT 1) AS oldest"
        );
        let row = Row::find_by_statement(Statement::from_string(DbBackend::Postgres, sql))
            .one(&begin_as_system(db).await?)
            .await?;
        let row = row.unwrap_or(Row { pending: 0, oldest: None });
        let oldest_seconds = row.oldest.map_or(0, |oldest| (clock.now() - oldest).num_seconds().max(0));
        Ok(Self { pending: row.pending, oldest_seconds })
    }
}

/// Shows the backlog at `/health`. It is no reason to be unready: requests keep succeeding while the broker is away.
pub fn backlog_check(db: Pool, schema: &'static str, clock: Clock) -> Check {
    Check::informative("outbox", move || {
        let (db, clock) = (db.clone(), clock.clone());
        Box::pin(async move {
            match Backlog::measure(&db, schema, &clock).await {
                Ok(backlog) => (
                    backlog.oldest_seconds < OLD,
                    json!({ "pending": backlog.pending, "oldest_age_seconds": backlog.oldest_seconds }),
                ),
                Err(_) => (false, json!({ "pending": null, "oldest_age_seconds": null })),
            }
        })
    })
}

/// Keeps the metrics current, warns when rows grow old, and removes what was published, until `stop`.
pub async fn watch(relay: Relay, metrics: Metrics, stop: CancellationToken) {
    let pending = metrics.gauge("outbox_pending", "Events that wait to be published");
    let oldest = metrics.gauge("outbox_oldest_age_seconds", "Age of the oldest event that waits");
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! { _ = ticks.tick() => {}, () = stop.cancelled() => return }
        match Backlog::measure(&relay.db, relay.schema, &relay.clock).await {
            Ok(backlog) => {
                pending.set(backlog.pending);
                oldest.set(backlog.oldest_seconds);
                if backlog.oldest_seconds >= OLD {
                    let Backlog { pending, oldest_seconds } = backlog;
                    tracing::warn!(service = relay.app_id, pending, oldest_seconds, "the outbox is not draining");
                }
            }
            Err(error) => {
                tracing::warn!(service = relay.app_id, %error, "the outbox was not measured; the next round tries again");
            }
        }
        if let Err(error) = remove_published(&relay, &stop).await {
            tracing::warn!(service = relay.app_id, %error, "published events were not removed; the next round tries again");
        }
    }
}

/// Removes what was published longer ago than it is kept, batch by batch, until nothing of it is left or `stop`.
async fn remove_published(relay: &Relay, stop: &CancellationToken) -> Result<(), DbErr> {
    while !stop.is_cancelled() && relay.remove_published().await? > 0 {}
    Ok(())
}
