//! Finding out whose socket it is: by token, or by a ticket that backend-api redeems.

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use platform::auth::{AuthError, Identity};
use platform::dapr::invoke::InvokeError;
use platform::problem::Problem;
use platform::trace::TraceContext;
use serde::Deserialize;
use serde_json::json;

use super::BACKEND;
use crate::app::App;
use crate::domain::session::{Profile, Session};

/// Why a ticket opens nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TicketError {
    /// It is unknown, was used, or its time is over.
    #[error("the ticket is not valid")]
    Invalid,
    /// It cannot be redeemed now.
    #[error(transparent)]
    Unavailable(InvokeError),
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::Invalid => Self::new(StatusCode::UNAUTHORIZED, "ticket_invalid", "Authentication required")
                .detail(
                    "The ticket is unknown, was used or has expired. Get a new one: it opens one socket, within 30 s.",
                )
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="tidings""#)),
            TicketError::Unavailable(error) => error.into(),
        }
    }
}

/// Whom the token names, and until when.
///
/// # Errors
/// Why the token is not believed.
pub(crate) async fn by_token(app: &App, token: &str) -> Result<(Profile, Session), AuthError> {
    let identity = app.verifier.verify(token).await?;
    let profile = profile(&identity);
    let session = Session::of(&profile, identity.expires_at);
    Ok((profile, session))
}

/// Whom the ticket was given to, and until when their session lasts. The ticket is used up by this.
///
/// # Errors
/// When it is not valid, or backend-api does not answer.
pub(crate) async fn by_ticket(
    app: &App,
    ticket: &str,
    trace: Option<&TraceContext>,
) -> Result<(Profile, Session), TicketError> {
    let redeemed: Redeemed =
        app.invoker.post(BACKEND, "internal/ws-tickets/redeem", &json!({ "ticket": ticket }), trace).await.map_err(
            |error| match error.status() {
                Some(StatusCode::NOT_FOUND) => TicketError::Invalid,
                _ => TicketError::Unavailable(error),
            },
        )?;
    let profile = Profile {
        user_id: redeemed.user_id,
        issuer: None,
        email: None,
        first_name: None,
        last_name: None,
        timezone: None,
    };
    let session = Session::of(&profile, redeemed.expires_at);
    Ok((profile, session))
}

/// backend-api's answer: `expires_at` is when the access token ends with which the ticket was got.
#[derive(Debug, Deserialize)]
struct Redeemed {
    user_id: String,
    expires_at: DateTime<Utc>,
}

fn profile(identity: &Identity) -> Profile {
    Profile {
        user_id: identity.user_id.clone(),
        issuer: Some(identity.issuer.clone()),
        email: identity.email.clone(),
        first_name: identity.first_name.clone(),
        last_name: identity.last_name.clone(),
        timezone: identity.timezone.clone(),
    }
}
