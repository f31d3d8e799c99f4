//! `POST /internal/unsubscribe`: somebody followed the link in an e-mail (RFC 8058). The link says whose e-mail it was, and of which kind.

use axum::Json;
use axum::extract::State;
use platform::extract;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};

use crate::actions::unsubscribe::unsubscribe;
use crate::app::App;
use crate::domain::channel::Channel;
use crate::domain::message::Kind;

/// What the link carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    token: String,
}

/// What will not come any more.
#[derive(Debug, Serialize)]
pub(crate) struct Unsubscribed {
    kind: Kind,
    channel: Channel,
}

/// # Errors
/// 404 for a token that is none of ours; 503 while the database is away.
pub(crate) async fn post(
    State(app): State<App>,
    extract::Json(Link { token }): extract::Json<Link>,
) -> Result<Json<Unsubscribed>, Problem> {
    let kind = unsubscribe(&app, &token).await?;
    Ok(Json(Unsubscribed { kind, channel: Channel::Email }))
}
