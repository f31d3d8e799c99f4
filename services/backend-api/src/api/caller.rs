//! Who calls: the extractor through which every handler of the public API learns its user.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use platform::auth::{Identity, bearer};
use platform::problem::Problem;
use platform::trace::TraceContext;
use uuid::Uuid;

use crate::actions::provision_user::provision_user;
use crate::app::App;
use crate::domain::actor::Actor;

/// The user of the bearer token, provisioned. On paths with `{user_id}` it is the same user, else the answer is 401.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user and their workspace.
    pub actor: Actor,
    /// When the token expires.
    pub token_expires_at: DateTime<Utc>,
    /// The trace of the request.
    pub trace: Option<TraceContext>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let identity = app.verifier.verify(bearer(&parts.headers)?).await?;
        if let Some(user_id) = path_user(parts).await
            && user_id != identity.user_id
        {
            return Err(another_users_path());
        }
        let workspace_id = personal_workspace(app, &identity).await?;
        Ok(Self {
            actor: Actor { user_id: identity.user_id.clone(), workspace_id },
            token_expires_at: identity.expires_at,
            trace: parts.extensions.get::<TraceContext>().cloned(),
        })
    }
}

async fn personal_workspace(app: &App, identity: &Identity) -> Result<Uuid, Problem> {
    if let Some(known) = app.known_users.get(&identity.user_id) {
        return Ok(known);
    }
    let user = provision_user(&app.changes, identity).await?;
    app.known_users.insert(user.id, user.workspace_id);
    Ok(user.workspace_id)
}

/// The path's `{user_id}`; one that is not UTF-8 is nobody's, so it reads as a name that nobody has.
async fn path_user(parts: &mut Parts) -> Option<String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().find(|(name, _)| *name == "user_id").map(|(_, value)| value.to_owned()),
        Err(_) => Some(String::new()),
    }
}

fn another_users_path() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "user_mismatch", "Not your path")
        .detail("The path names another user than the token. Use the user id of your token.")
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tidings\", error=\"invalid_token\""))
}
