//! Removes what has served its time: tickets, refresh tokens, answers kept for idempotency keys.

use std::time::Duration;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::store::change::Changes;
use crate::store::{idempotency, refresh_tokens, ws_tickets};

/// How often it looks.
const INTERVAL: Duration = Duration::from_mins(1);

/// Works until `stop`; what fails is tried again at the next round.
pub async fn run(changes: Changes, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! { _ = ticks.tick() => {}, () = stop.cancelled() => return }
        if let Err(error) = forget_expired(&changes).await {
            tracing::warn!(%error, "expired rows were not removed; the next round tries again");
        }
    }
}

/// Removes everything that is over by now.
///
/// # Errors
/// When the database is away.
pub async fn forget_expired(changes: &Changes) -> Result<(), DbErr> {
    let now = changes.clock.now();
    ws_tickets::forget_expired(&changes.db, now).await?;
    refresh_tokens::forget_expired(&changes.db, now).await?;
    while idempotency::forget_expired(&changes.db, now).await? > 0 {}
    Ok(())
}
