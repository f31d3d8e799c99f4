//! Somebody lives in another time zone now: their series keep the wall clock there.

use chrono_tz::Tz;
use platform::database::begin;
use sea_orm::DbErr;

use super::settle;
use crate::app::App;
use crate::store::series;

/// Moves the series of a user that kept the zone `from`, by event number `sequence` of the user's own workspace. Series whose zone was chosen
/// apart stay.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(crate) async fn move_zone(app: &App, user_id: &str, from: Tz, to: Tz, sequence: i64) -> Result<(), DbErr> {
    let transaction = begin(&app.db).await?;
    let held = series::lock_zone(&transaction, user_id, from.name(), sequence).await?;
    let moved = held.into_iter().map(|held| {
        let mut after = held.clone();
        after.move_to(to);
        after.zone_sequence = sequence;
        (held, after)
    });
    settle::save(app, transaction, moved.collect()).await
}
