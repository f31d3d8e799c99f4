//! What a consumer gave up is kept, once.

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::dead_letter::Arrival;
use crate::store::dead_letters;

/// Stores `arrival` unless it is there, and says so in the log the first time.
///
/// # Errors
/// When the database does not take it.
pub(crate) async fn store_dead_letter(app: &App, arrival: Arrival) -> Result<(), DbErr> {
    let (id, cause) = (app.clock.new_id(), arrival.cause());
    let (topic, attempts, consumer) = (arrival.topic, arrival.attempts, arrival.consumer());
    if dead_letters::insert(&app.db, id, arrival, cause.clone(), app.clock.now()).await? {
        app.counters.dead_letters_stored.inc();
        tracing::warn!(%topic, %id, cause, attempts, consumer, "a dead letter was stored");
    }
    Ok(())
}
