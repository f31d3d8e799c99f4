//! Sells a single-use ticket to a WebSocket.

use chrono::{DateTime, Duration, Utc};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::change::Change;
use crate::store::ws_tickets;

/// How long a ticket is good for.
pub const LIFETIME: Duration = Duration::seconds(30);

/// What somebody bought, without the ticket itself: that is made from it when it is handed out, and made again for a client
/// that repeats its request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SoldTicket {
    /// The ticket's id.
    pub id: Uuid,
    /// The end of its time.
    pub expires_at: DateTime<Utc>,
}

/// A ticket for `user_id`; the socket that it opens ends with the token that bought it.
///
/// # Errors
/// When the database refuses.
pub async fn issue_ws_ticket(
    change: &Change,
    user_id: &str,
    token_expires_at: DateTime<Utc>,
) -> Result<SoldTicket, DbErr> {
    let clock = change.clock();
    let sold = SoldTicket { id: clock.new_id(), expires_at: clock.now() + LIFETIME };
    ws_tickets::insert(change.transaction(), sold.id, user_id, token_expires_at, sold.expires_at).await?;
    Ok(sold)
}
