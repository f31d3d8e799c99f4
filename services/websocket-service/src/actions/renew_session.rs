//! Extending the session of an open socket.

use platform::auth::AuthError;

use super::authenticate_socket;
use crate::app::App;
use crate::domain::session::Session;

/// Why a session is not extended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RenewError {
    /// The token is not believed, or cannot be checked now.
    #[error(transparent)]
    Token(#[from] AuthError),
    /// The token is another user's.
    #[error("the token is another user's")]
    UserMismatch,
}

/// The session until the new token's expiry.
///
/// # Errors
/// When the token is not believed or is another user's.
pub(crate) async fn renew(app: &App, session: &Session, token: &str) -> Result<Session, RenewError> {
    let (profile, renewed) = authenticate_socket::by_token(app, token).await?;
    if session.is_of(&profile.user_id, profile.issuer.as_deref().unwrap_or_default()) {
        Ok(renewed)
    } else {
        Err(RenewError::UserMismatch)
    }
}
