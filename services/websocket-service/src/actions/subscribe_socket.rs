//! Letting a socket follow its user's workspaces, without a gap.

use platform::dapr::invoke::InvokeError;
use platform::problem::Problem;
use platform::trace::TraceContext;
use serde::Deserialize;

use super::BACKEND;
use crate::app::App;
use crate::domain::membership::{Membership, Memberships};
use crate::domain::server_message::ServerMessage;
use crate::domain::session::Profile;
use crate::hub::{Overrun, Registration, TooManySockets};

/// Why a socket gets no events.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    /// The user has too many.
    #[error(transparent)]
    TooManySockets(#[from] TooManySockets),
    /// backend-api does not say where the workspaces stand.
    #[error(transparent)]
    Unavailable(#[from] InvokeError),
    /// It said so too late.
    #[error(transparent)]
    TooLate(#[from] Overrun),
    /// It named no personal workspace.
    #[error("backend-api named no personal workspace of the user")]
    NoPersonalWorkspace,
}

impl SubscribeError {
    /// The problem of an opening request that is not upgraded.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Unavailable(error) => error.into(),
            other => Problem::unavailable("service_unavailable", "Try again shortly.", &other),
        }
    }
}

/// Registers the socket first, so that events are kept for it, then asks backend-api where the user's workspaces stand
/// (which provisions the user on first sight), and queues the greeting and what came in between.
///
/// # Errors
/// When there are too many sockets of the user, or backend-api gives no usable answer.
pub(crate) async fn subscribe(
    app: &App,
    profile: &Profile,
    last_seen: Option<i64>,
    trace: Option<&TraceContext>,
) -> Result<Registration, SubscribeError> {
    let mut registration = app.hub.register(&profile.user_id)?;
    let answer: Answer = app.invoker.post(BACKEND, "internal/memberships", profile, trace).await?;
    let memberships = Memberships::of(&answer.workspaces).ok_or(SubscribeError::NoPersonalWorkspace)?;
    let subscribed = ServerMessage::Subscribed { sequence: memberships.personal, workspaces: &memberships.positions };
    let mut greeting = vec![subscribed.to_text().into()];
    if memberships.require_resync(last_seen) {
        greeting.push(ServerMessage::ResyncRequired.to_text().into());
    }
    registration.take_seats(&memberships.positions, greeting)?;
    Ok(registration)
}

#[derive(Debug, Deserialize)]
struct Answer {
    workspaces: Vec<Membership>,
}
