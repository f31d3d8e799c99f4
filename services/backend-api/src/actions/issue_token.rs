//! Grants somebody who proved who they are their first credentials.

use axum::http::{HeaderValue, StatusCode, header};
use platform::problem::Problem;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::change::Change;
use crate::store::refresh_tokens;
use crate::store::users::User;

/// What somebody is granted, without a secret in it: their credentials are made from it when they are handed out, and made
/// again for a client that repeats its request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Whom the access token is to name.
    pub user: User,
    /// The refresh token that comes with it.
    pub refresh_token_id: Uuid,
}

/// Grants `user` credentials whose refresh token begins a new family.
///
/// # Errors
/// When the database refuses.
pub async fn issue_token(change: &Change, user: User) -> Result<Grant, DbErr> {
    let clock = change.clock();
    let (id, family_id) = (clock.new_id(), clock.new_id());
    refresh_tokens::insert(change.transaction(), id, family_id, &user.id, clock.now()).await?;
    Ok(Grant { user, refresh_token_id: id })
}

/// 401: what was presented proves nothing.
pub(super) fn not_proven(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, "Authentication failed")
        .detail(detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tidings\""))
}
