//! Exchanges a refresh token for new credentials, once.

use chrono::{DateTime, Utc};
use platform::database::Pool;
use platform::problem::Problem;
use uuid::Uuid;

use super::issue_token::{Grant, not_proven};
use crate::domain::id_seal::IdSeal;
use crate::domain::refresh_token::State;
use crate::store::change::Change;
use crate::store::{refresh_tokens, users};

/// What became of an exchange.
#[derive(Debug)]
pub enum Refreshed {
    /// New credentials of the same family.
    Granted(Grant),
    /// A refusal that changed something: commit, then answer with it.
    Revoked(Problem),
}

/// The id of a refresh token.
///
/// # Errors
/// 401 `refresh_token_invalid` when we never made such a token.
pub fn read_refresh_token(seal: &IdSeal, token: &str) -> Result<Uuid, Problem> {
    let invalid = || not_proven("refresh_token_invalid", "This is no refresh token of ours. Sign in again.");
    seal.open(token).ok_or_else(invalid)
}

/// Uses the token up and grants its successor. One that was used before is in two hands: its whole family is revoked, so
/// that neither the thief nor the owner goes on without signing in (RFC 9700 §4.14.2).
///
/// # Errors
/// 401 `refresh_token_expired`, `refresh_token_revoked`.
pub async fn refresh_token(change: &Change, id: Uuid) -> Result<Refreshed, Problem> {
    let (db, now) = (change.transaction(), change.clock().now());
    // We made it, as its seal says, so that it is away because its time was over.
    let token = refresh_tokens::find_for_update(db, id).await?.ok_or_else(expired)?;
    match token.history().state(now) {
        State::Used => {
            tracing::warn!(user_id = token.user_id, family_id = %token.family_id, "a refresh token was used twice");
            refresh_tokens::revoke_family(db, token.family_id, now).await?;
            return Ok(Refreshed::Revoked(reused()));
        }
        state => require_good(state)?,
    }
    let user = users::find(db, &token.user_id).await?;
    let user = user.ok_or_else(|| Problem::internal(&"a refresh token without a user"))?;
    let successor = change.clock().new_id();
    refresh_tokens::rotate(db, id, successor, now).await?;
    Ok(Refreshed::Granted(Grant { user, refresh_token_id: successor }))
}

/// Whether what was granted may be handed out again to a client that repeats its request: only while nobody has used it.
///
/// # Errors
/// 401 as the refresh token of the grant would get.
pub async fn check_grant(db: &Pool, grant: &Grant, now: DateTime<Utc>) -> Result<(), Problem> {
    let token = refresh_tokens::find(db, grant.refresh_token_id).await?.ok_or_else(expired)?;
    require_good(token.history().state(now))
}

fn require_good(state: State) -> Result<(), Problem> {
    match state {
        State::Good => Ok(()),
        State::Used => Err(reused()),
        State::Expired => Err(expired()),
        State::Revoked => Err(not_proven(
            "refresh_token_revoked",
            "A refresh token of this sign-in was used twice, so that all of them have ended. Sign in again.",
        )),
    }
}

fn reused() -> Problem {
    let detail = "The refresh token was used before. Use the one that came in exchange for it, or sign in again.";
    not_proven("refresh_token_reused", detail)
}

fn expired() -> Problem {
    not_proven("refresh_token_expired", "The refresh token was not used for 30 days. Sign in again.")
}
