//! What the service does, one action per file.

pub(crate) mod authenticate_socket;
pub(crate) mod broadcast_event;
pub(crate) mod notice_missed;
mod pushed;
pub(crate) mod renew_session;
pub(crate) mod replay_missed;
pub(crate) mod subscribe_socket;
pub(crate) mod tell_event;

/// The app-id of the service that knows users, tickets and memberships.
const BACKEND: &str = "backend-api";
