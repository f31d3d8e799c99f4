//! What websocket-service asks, through the sidecars only.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::auth::Identity;
use platform::extract;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};

use crate::actions;
use crate::actions::provision_user::provision_user;
use crate::app::App;
use crate::store::users::{self, Membership};

/// A ticket that somebody came with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    ticket: String,
}

/// Whom it was sold to.
#[derive(Debug, Serialize)]
pub struct Redeemed {
    user_id: String,
    expires_at: DateTime<Utc>,
}

/// `POST /internal/ws-tickets/redeem`: 404 when the ticket is unknown, used or expired.
pub async fn redeem_ws_ticket(
    State(app): State<App>,
    extract::Json(Redeem { ticket }): extract::Json<Redeem>,
) -> Result<Json<Redeemed>, Problem> {
    let redeemed = actions::redeem_ws_ticket::redeem_ws_ticket(&app.changes.db, &app.changes.clock, &ticket).await?;
    let (user_id, expires_at) = redeemed.ok_or_else(|| Problem::not_found("ticket"))?;
    Ok(Json(Redeemed { user_id, expires_at }))
}

/// A user whose token websocket-service has verified.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedUser {
    user_id: String,
    issuer: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    name: Option<String>,
    timezone: Option<String>,
}

/// Where the user may look.
#[derive(Debug, Serialize)]
pub struct Memberships {
    workspaces: Vec<Membership>,
}

/// `POST /internal/memberships`: the user's workspaces with their sequences; the user is made if this is their first sight.
pub async fn memberships(
    State(app): State<App>,
    extract::Json(user): extract::Json<VerifiedUser>,
) -> Result<Json<Memberships>, Problem> {
    let identity = Identity {
        user_id: user.user_id,
        issuer: user.issuer.unwrap_or_default(),
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        name: user.name,
        timezone: user.timezone,
        expires_at: app.changes.clock.now(),
    };
    provision_user(&app.changes, &identity).await?;
    let workspaces = users::memberships(&app.changes.db, &identity.user_id).await?;
    Ok(Json(Memberships { workspaces }))
}
