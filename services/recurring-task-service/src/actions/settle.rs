//! What was decided about series is stored, and whoever is to act on it is told.

use platform::bell::SWEEP;
use platform::database::Transaction;
use sea_orm::DbErr;

use crate::app::App;
use crate::domain::occurrence::Status;
use crate::domain::series::{Now, Series};
use crate::store::series;

/// Decides something now.
pub(super) fn now<T>(app: &App, decide: impl FnOnce(&Now<'_>) -> T) -> T {
    now_in(app, None, decide)
}

/// Decides something now, in a trace.
pub(super) fn now_in<T>(app: &App, trace: Option<&str>, decide: impl FnOnce(&Now<'_>) -> T) -> T {
    let new_id = || app.clock.new_id();
    decide(&Now { moment: app.clock.now(), new_id: &new_id, trace })
}

/// Stores what became of series that the transaction holds, and ends it.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(super) async fn save(app: &App, transaction: Transaction, mut changed: Vec<(Series, Series)>) -> Result<(), DbErr> {
    let moment = app.clock.now();
    for (before, after) in &mut changed {
        if before != after {
            after.updated_at = moment;
        }
    }
    if !series::save(&transaction, &changed).await? {
        return transaction.rollback().await;
    }
    transaction.commit().await?;
    for (before, after) in &changed {
        ring(app, after);
        if before.job() != after.job() {
            app.bells.jobs.ring();
        }
    }
    Ok(())
}

/// Rings for what there is to do about a series now.
pub(super) fn ring(app: &App, series: &Series) {
    let waits = |status| matches!(status, Status::Pending | Status::Withdrawing | Status::Skipping);
    if series.occurrences.iter().any(|held| waits(held.status)) {
        app.bells.instances.ring();
    }
    if let Some(opens_at) = series.opens_at().filter(|_| !series.is_unsettled()) {
        // Whoever looks for what is open has to know of what opens before they look again.
        if opens_at <= app.clock.now() + SWEEP {
            app.bells.windows.ring();
        }
    }
}
