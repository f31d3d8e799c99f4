//! What websocket-service asks, through the sidecars only.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::auth::Identity;
use platform::extract;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};

use super::caller::known_user;
use super::task_input::Check;
use super::trace::Trace;
use crate::actions::redeem_ws_ticket;
use crate::app::App;
use crate::domain::invalid::Invalid;
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
    let redeemed = redeem_ws_ticket::redeem_ws_ticket(&app.changes.db, &app.changes.clock, &app.ws_tickets, &ticket);
    let (user_id, expires_at) = redeemed.await?.ok_or_else(|| Problem::not_found("ticket"))?;
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

impl VerifiedUser {
    /// What the token said, if there was one.
    fn into_identity(self, expires_at: DateTime<Utc>) -> Option<Identity> {
        let Self { user_id, issuer, email, first_name, last_name, name, timezone } = self;
        issuer.map(|issuer| Identity { user_id, issuer, email, first_name, last_name, name, timezone, expires_at })
    }
}

/// Where the user may look.
#[derive(Debug, Serialize)]
pub struct Memberships {
    workspaces: Vec<Membership>,
}

/// `POST /internal/memberships`: the user's workspaces with their sequences; the user is made if this is their first sight.
/// Without an issuer (after a ticket) only a user who is there already has any, and others are 404.
pub async fn memberships(
    State(app): State<App>,
    Trace(trace): Trace,
    extract::Json(user): extract::Json<VerifiedUser>,
) -> Result<Json<Memberships>, Problem> {
    let mut check = Check::default();
    let checked = check.field("/user_id", user_id(&user.user_id));
    check.finish()?;
    let user_id = checked.unwrap_or_default();
    if let Some(identity) = user.into_identity(app.changes.clock.now()) {
        known_user(&app, &identity, trace).await?;
    }
    let workspaces = users::memberships(&app.changes.db, &user_id).await?;
    if workspaces.is_empty() {
        return Err(Problem::not_found("user"));
    }
    Ok(Json(Memberships { workspaces }))
}

/// As tokens are checked: 1 to 255 characters, none of them a control character.
pub(super) fn user_id(text: &str) -> Result<String, Invalid> {
    if (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let detail = "A user id has 1 to 255 characters, none of them a control character.";
    Err(Invalid::new("user_id_invalid", detail))
}
