//! Series are changed one after the other. A change has two halves, one at recurring-task-service and one here: of two at once, the series
//! could end as one of them says, and its open task as the other.

use std::sync::Arc;
use std::time::Duration;

use platform::database::{Pool, Transaction, begin, statement};
use sea_orm::{ConnAcquireErr, ConnectionTrait as _, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// Changes under way in this process at most. Each holds a connection while recurring-task-service is asked, and the rest of the pool
/// must do for everybody else, however long that takes.
const MOST: u32 = 4;

/// How long a place is waited for: about as long as recurring-task-service may take for one change.
const PATIENCE: Duration = Duration::from_secs(8);

/// Gives turns, to one change of each series at a time.
#[derive(Clone, Debug)]
pub struct SeriesTurns {
    db: Pool,
    places: Arc<Semaphore>,
    /// Whether there is a connection to spare for the lock. With a pool of one, turns are those of this process alone.
    locks: bool,
}

/// It is the holder's turn until this is dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: Option<Transaction>,
    _place: Option<OwnedSemaphorePermit>,
}

impl SeriesTurns {
    /// Turns over a pool of so many connections.
    pub fn new(db: Pool, connections: u32) -> Self {
        let places = usize::try_from((connections / 4).clamp(1, MOST)).unwrap_or(1);
        Self { db, places: Arc::new(Semaphore::new(places)), locks: connections > 1 }
    }

    /// Waits for the turn to change that series.
    ///
    /// # Errors
    /// When the database is away, or the turn does not come in time.
    pub async fn take(&self, series_id: Uuid) -> Result<Turn, DbErr> {
        let place = timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        // It is never closed.
        let place = place.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?.ok();
        let lock = if self.locks { Some(begin(&self.db).await?) } else { None };
        if let Some(lock) = &lock {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended('series ' || $1::text, 0))";
            lock.execute_raw(statement(sql, [series_id.into()])).await?;
        }
        Ok(Turn { _lock: lock, _place: place })
    }
}
