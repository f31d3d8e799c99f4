//! Letting a socket follow its user's workspaces, without a gap.

use platform::auth::AuthError;
use platform::dapr::invoke::InvokeError;
use platform::problem::Problem;
use platform::trace::TraceContext;
use serde::Deserialize;

use super::BACKEND;
use crate::app::App;
use crate::domain::last_seen::LastSeen;
use crate::domain::membership::{Membership, Start};
use crate::domain::server_message::ServerMessage;
use crate::domain::session::Profile;
use crate::hub::{Registration, TooManySockets};

/// Why a socket gets no events.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    /// The user has too many.
    #[error(transparent)]
    TooManySockets(#[from] TooManySockets),
    /// backend-api does not say where the workspaces stand.
    #[error(transparent)]
    Unavailable(#[from] InvokeError),
    /// The user of that id is another issuer's.
    #[error(transparent)]
    Refused(AuthError),
    /// It named no personal workspace.
    #[error("backend-api named no personal workspace of the user")]
    NoPersonalWorkspace,
}

impl SubscribeError {
    /// The problem of an opening request that is not upgraded.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Unavailable(error) => error.into(),
            Self::Refused(error) => error.into(),
            other => Problem::unavailable("service_unavailable", "Try again shortly.", &other),
        }
    }
}

/// Registers the socket first, so that events are kept for it, then asks backend-api where the user's workspaces stand
/// (which provisions the user on first sight), and queues the greeting and what came in between. Where the client had come
/// less far, it is behind there: what it missed is to be replayed.
///
/// # Errors
/// When there are too many sockets of the user, or backend-api gives no usable answer.
pub(crate) async fn subscribe(
    app: &App,
    profile: &Profile,
    last_seen: Option<&LastSeen>,
    trace: Option<&TraceContext>,
) -> Result<Registration, SubscribeError> {
    let mut registration = app.hub.register(&profile.user_id)?;
    let answer: Answer = app.invoker.post(BACKEND, "internal/memberships", profile, trace).await.map_err(refused)?;
    let start = Start::of(&answer.workspaces, last_seen).ok_or(SubscribeError::NoPersonalWorkspace)?;
    let subscribed = ServerMessage::Subscribed { sequence: start.personal, workspaces: &start.positions };
    let mut greeting = vec![subscribed.to_text().into()];
    if start.resync_required {
        greeting.push(ServerMessage::ResyncRequired.to_text().into());
    }
    registration.take_seats(&start.positions, greeting);
    Ok(registration)
}

/// A sidecar may refuse too: only backend-api's own code speaks of the user.
fn refused(error: InvokeError) -> SubscribeError {
    let of_another = AuthError::UserOfAnotherIssuer;
    if error.code() == Some(of_another.code()) { SubscribeError::Refused(of_another) } else { error.into() }
}

#[derive(Debug, Deserialize)]
struct Answer {
    workspaces: Vec<Membership>,
}
