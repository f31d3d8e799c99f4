//! Takes a ticket back: once, and only while it is good.

use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::database::Pool;
use sea_orm::DbErr;

use crate::domain::id_seal::IdSeal;
use crate::store::ws_tickets;

/// Whom the ticket was sold to and when that token expires; `None` when it is unknown, used or expired.
///
/// # Errors
/// When the database is away.
pub async fn redeem_ws_ticket(
    db: &Pool,
    clock: &Clock,
    seal: &IdSeal,
    ticket: &str,
) -> Result<Option<(String, DateTime<Utc>)>, DbErr> {
    let Some(id) = seal.open(ticket) else { return Ok(None) };
    ws_tickets::take(db, id, clock.now()).await
}
