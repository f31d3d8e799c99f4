//! Makes the next instances of series that go ahead, when their windows open: a bell rings, or a moment after it should have rung, and
//! every minute, whatever became of the jobs.

use chrono::TimeDelta;
use platform::bell::AGAIN;
use platform::database::begin;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::settle;
use crate::app::App;
use crate::store::series;

/// Series that are gone through in one transaction.
const MOST: i64 = 20;

/// So long after its moment a window is looked for that no bell has rung for: the scheduler may be away.
const GRACE: TimeDelta = TimeDelta::seconds(1);

/// Opens windows, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = match open(&app).await {
            Ok(true) => continue,
            Ok(false) => series::next_opening(&app.db).await.map(|next| next.map(|next| next + GRACE)),
            Err(error) => Err(error),
        };
        let next = next.unwrap_or_else(|error| {
            tracing::warn!(%error, "windows wait for the database");
            Some(app.clock.now() + AGAIN)
        });
        app.bells.windows.wait(next, &app.clock, &stop).await;
    }
}

/// Says whether there may be more to open.
async fn open(app: &App) -> Result<bool, DbErr> {
    let transaction = begin(&app.db).await?;
    let held = series::lock_open(&transaction, app.clock.now(), MOST).await?;
    if held.is_empty() {
        transaction.rollback().await?;
        return Ok(false);
    }
    let opened = held.into_iter().map(|held| {
        let mut after = held.clone();
        settle::now(app, |now| after.open_window(now));
        (held, after)
    });
    settle::save(app, transaction, opened.collect()).await?;
    Ok(true)
}
