//! What websocket-service asks, through the sidecars only.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::auth::{Identity, is_plain};
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
    /// The user's id and, if there was a token, what it said. As tokens are read, a part of the profile that cannot be used is left out.
    ///
    /// # Errors
    /// 422 for an id or an issuer that no token can name.
    fn validate(self, expires_at: DateTime<Utc>) -> Result<(String, Option<Identity>), Problem> {
        let Self { user_id: id, issuer, email, first_name, last_name, name, timezone } = self;
        let mut check = Check::default();
        let user_id = check.field("/user_id", user_id(&id)).unwrap_or_default();
        let issuer = check.optional("/issuer", issuer, self::issuer);
        check.finish()?;
        let [email, first_name, last_name, name, timezone] =
            [email, first_name, last_name, name, timezone].map(|hint| hint.filter(|text| is_plain(text)));
        let identity = issuer.map(|issuer| {
            let user_id = user_id.clone();
            Identity { user_id, issuer, email, first_name, last_name, name, timezone, expires_at }
        });
        Ok((user_id, identity))
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
    let (user_id, identity) = user.validate(app.changes.clock.now())?;
    if let Some(identity) = identity {
        known_user(&app, &identity, trace).await?;
    }
    let workspaces = users::memberships(&app.changes.db, &user_id).await?;
    if workspaces.is_empty() {
        return Err(Problem::not_found("user"));
    }
    Ok(Json(Memberships { workspaces }))
}

/// As tokens are checked.
pub(super) fn user_id(text: &str) -> Result<String, Invalid> {
    if is_plain(text) {
        return Ok(text.to_owned());
    }
    let detail = "A user id has 1 to 255 characters, none of them a control character.";
    Err(Invalid::new("user_id_invalid", detail))
}

/// No more than are told at once.
pub(super) fn few<T>(things: &[T], most: usize, name: &str) -> Result<(), Invalid> {
    if things.len() <= most {
        return Ok(());
    }
    Err(Invalid::new("too_many", format!("At most {most} {name} are told at once.")))
}

fn issuer(text: String) -> Result<String, Invalid> {
    if is_plain(&text) {
        return Ok(text);
    }
    let detail = "An issuer has 1 to 255 characters, none of them a control character.";
    Err(Invalid::new("issuer_invalid", detail))
}
