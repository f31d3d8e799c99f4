//! What may be done with a refresh token, and for how long.

use chrono::{DateTime, Duration, Utc};

/// How long a refresh token is good for, unless it is used.
pub const LIFETIME: Duration = Duration::days(30);

/// What may be done with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used, once.
    Good,
    /// It was used.
    Used,
    /// Another token of its family was used twice.
    Revoked,
    /// Its time is over.
    Expired,
}

/// When what happened to a refresh token.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// The end of its time.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// When its family was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl History {
    /// What may be done with the token at `now`.
    pub fn state(&self, now: DateTime<Utc>) -> State {
        match self {
            Self { expires_at, .. } if *expires_at <= now => State::Expired,
            Self { used_at: Some(_), .. } => State::Used,
            Self { revoked_at: Some(_), .. } => State::Revoked,
            _ => State::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_first_says_what_may_be_done() {
        let at = |seconds: i64| DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap();
        let fresh = History { expires_at: at(10), used_at: None, revoked_at: None };
        let used = History { used_at: Some(at(1)), ..fresh };
        let revoked = History { revoked_at: Some(at(2)), ..fresh };
        assert_eq!((fresh.state(at(9)), fresh.state(at(10))), (State::Good, State::Expired));
        assert_eq!((used.state(at(5)), revoked.state(at(5))), (State::Used, State::Revoked));
        assert_eq!(History { used_at: Some(at(1)), ..revoked }.state(at(5)), State::Used);
        assert_eq!(used.state(at(10)), State::Expired);
    }
}
