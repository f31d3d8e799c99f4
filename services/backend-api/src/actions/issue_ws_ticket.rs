//! Sells a single-use ticket to a WebSocket.

use chrono::{DateTime, Duration, Utc};
use platform::random::Random;
use sea_orm::DbErr;

use crate::store::change::Change;
use crate::store::ws_tickets;

/// How long a ticket is good for.
pub const LIFETIME: Duration = Duration::seconds(30);

/// A ticket for `user_id`; the socket that it opens ends with the token that bought it.
///
/// # Errors
/// When the database refuses.
pub async fn issue_ws_ticket(
    change: &Change,
    random: &Random,
    user_id: &str,
    token_expires_at: DateTime<Utc>,
) -> Result<String, DbErr> {
    let ticket = random.token();
    let expires_at = change.clock().now() + LIFETIME;
    ws_tickets::insert(change.transaction(), &ticket, user_id, token_expires_at, expires_at).await?;
    Ok(ticket)
}
