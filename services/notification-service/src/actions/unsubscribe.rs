//! Somebody wants no more e-mail of a kind.

use platform::database::begin;
use platform::problem::Problem;

use crate::app::App;
use crate::domain::message::Kind;
use crate::store::preferences::{self, NextDigest};

/// Switches off the e-mails that `token`, of a link in one of them, stands for; returns their kind.
///
/// # Errors
/// 404 for a token that is none of ours; 503 while the database is away.
pub(crate) async fn unsubscribe(app: &App, token: &str) -> Result<Kind, Problem> {
    let (user_id, kind) = app.channels.unsubscribe_token(token).ok_or_else(|| Problem::not_found("subscription"))?;
    let (transaction, now) = (begin(&app.db).await?, app.clock.now());
    let mut chosen = preferences::lock(&transaction, &user_id, now).await?;
    chosen.switch_off_email(kind);
    let next_digest = if chosen.digest.is_none() { NextDigest::Is(None) } else { NextDigest::Unchanged };
    preferences::save(&transaction, &user_id, &chosen, next_digest, now).await?;
    transaction.commit().await?;
    Ok(kind)
}
