//! Does what is due, when a bell rings, a moment after one should have rung, and every minute: whatever became of the jobs.

use chrono::TimeDelta;
use platform::bell::AGAIN;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::{fire_reminders, send_digests, tell_notices};
use crate::app::App;
use crate::store::due;

/// So long after its moment a reminder is looked for that no bell has rung for: the scheduler may be away.
const GRACE: TimeDelta = TimeDelta::seconds(1);

/// Fires reminders and tells notices, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = match look(&app).await {
            Ok(true) => continue,
            Ok(false) => due::next(&app.db, app.clock.now(), GRACE).await,
            Err(error) => Err(error),
        };
        let next = next.unwrap_or_else(|error| {
            tracing::warn!(%error, "reminders wait for the database");
            Some(app.clock.now() + AGAIN)
        });
        app.bells.due.wait(next, &app.clock, &stop).await;
    }
}

/// Says whether there may be more to do.
async fn look(app: &App) -> Result<bool, DbErr> {
    let more_reminders = fire_reminders::fire_due(app).await?;
    let more_notices = tell_notices::tell_notices(app).await?;
    let more_digests = send_digests::send_digests(app).await?;
    Ok(more_reminders || more_notices || more_digests)
}
