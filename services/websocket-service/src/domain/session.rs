//! Whose socket it is, and for how long.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What is known of a user when a socket opens: from the token all of it, from a ticket the id alone.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Profile {
    pub(crate) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timezone: Option<String>,
}

/// What a socket remembers of its user.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Whose socket it is.
    pub(crate) user_id: String,
    /// Who vouched for the user; unknown after a ticket.
    pub(crate) issuer: Option<String>,
    /// When the socket is closed unless it is renewed.
    pub(crate) expires_at: DateTime<Utc>,
}

impl Session {
    /// The session of the user until `expires_at`.
    pub(crate) fn of(profile: &Profile, expires_at: DateTime<Utc>) -> Self {
        Self { user_id: profile.user_id.clone(), issuer: profile.issuer.clone(), expires_at }
    }

    /// Whether a token that names `user_id`, as `issuer` says, is of the same user. User ids are unique per issuer.
    pub(crate) fn is_of(&self, user_id: &str, issuer: &str) -> bool {
        self.user_id == user_id && self.issuer.as_deref().is_none_or(|known| known == issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_one_user_of_one_issuer() {
        let mut session =
            Session { user_id: "alice".to_owned(), issuer: Some("a".to_owned()), expires_at: DateTime::UNIX_EPOCH };
        assert!(session.is_of("alice", "a"));
        assert!(!session.is_of("alice", "b") && !session.is_of("bob", "a"));
        session.issuer = None;
        assert!(session.is_of("alice", "b") && !session.is_of("bob", "b"));
    }
}
