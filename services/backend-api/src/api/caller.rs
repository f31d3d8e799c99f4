//! Who calls: the extractor through which every handler of the public API learns its user.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use platform::auth::{AuthError, Identity, bearer};
use platform::problem::Problem;
use platform::rate_limit::Client;
use platform::trace::TraceContext;

use super::parameters;
use super::trace::Trace;
use crate::actions::provision_user::provision_user;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::timezone::TimeZone;
use crate::store::users::{BUILT_IN_ISSUER, KnownUser};

const INVALID_TOKEN: &str = "Bearer realm=\"tidings\", error=\"invalid_token\"";

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
        app.limits.count_user(&Client::of(&parts.extensions), &identity.user_id)?;
        if let Some(user_id) = path_user(parts).await
            && user_id != identity.user_id
        {
            return Err(another_users_path());
        }
        let Ok(Trace(trace)) = Trace::from_request_parts(parts, app).await;
        let KnownUser { workspace_id, timezone, .. } = known_user(app, &identity, trace.clone()).await?;
        parameters::refuse_unknown(&parts.extensions)?;
        let timezone = TimeZone::parse(&timezone).unwrap_or(TimeZone::UTC);
        Ok(Self {
            actor: Actor { user_id: identity.user_id.clone(), workspace_id, timezone },
            token_expires_at: identity.expires_at,
            trace,
        })
    }
}

/// The user whom a verified token names, provisioned.
///
/// # Errors
/// 401 `user_of_another_issuer` when somebody else speaks for the user of that id.
pub(super) async fn known_user(
    app: &App,
    identity: &Identity,
    trace: Option<TraceContext>,
) -> Result<KnownUser, Problem> {
    let issuer = if identity.issuer == app.keys.issuer() { BUILT_IN_ISSUER } else { &identity.issuer };
    let known = if let Some(known) = app.known_users.get(&identity.user_id) {
        known
    } else {
        let known = provision_user(&app.changes, identity, issuer, trace).await?;
        app.known_users.insert(identity.user_id.clone(), known.clone());
        known
    };
    if known.issuer == issuer { Ok(known) } else { Err(user_of_another_issuer(identity)) }
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
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static(INVALID_TOKEN))
}

fn user_of_another_issuer(identity: &Identity) -> Problem {
    tracing::warn!(user_id = identity.user_id, issuer = identity.issuer, "an issuer vouched for the user of another");
    AuthError::UserOfAnotherIssuer.into()
}
