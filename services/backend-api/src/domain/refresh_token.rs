//! Refresh tokens: made from their id, never stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use platform::config::Secret;
use uuid::Uuid;

use super::derived_key::DerivedKey;

/// How long a refresh token is good for, unless it is used.
pub const LIFETIME: Duration = Duration::days(30);

/// Makes and reads refresh tokens: base64url(id ‖ HMAC-SHA256(id)), 64 characters. The database holds ids only, so whoever
/// reads it cannot make a token, and whoever has the secret can make a token again from its id.
#[derive(Clone, Debug)]
pub struct RefreshTokenSeal(DerivedKey);

impl RefreshTokenSeal {
    /// A seal under a key of its own, derived from `secret`.
    pub fn new(secret: &Secret) -> Self {
        Self(DerivedKey::new(secret, "tidings-refresh-token"))
    }

    /// The token whose id is `id`.
    pub fn seal(&self, id: Uuid) -> String {
        let mut token = id.as_bytes().to_vec();
        token.extend(self.0.mac(id.as_bytes()));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The id of a token that this seal made; `None` for any other text.
    pub fn open(&self, token: &str) -> Option<Uuid> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, mac) = token.split_at_checked(16)?;
        self.0.verifies(id, mac).then(|| Uuid::from_slice(id).ok())?
    }
}

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

    fn seal(secret: &str) -> RefreshTokenSeal {
        RefreshTokenSeal::new(&Secret::new(secret))
    }

    #[test]
    fn a_token_is_made_again_from_its_id() {
        let seal = seal("0123456789abcdef0123456789abcdef");
        let id = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);
        let token = seal.seal(id);
        assert_eq!((token.len(), seal.open(&token)), (64, Some(id)));
        assert_eq!(seal.seal(id), token);
    }

    #[test]
    fn what_the_seal_did_not_make_is_no_token() {
        let id = Uuid::from_u128(1);
        let foreign = seal("another secret of at least 32 bytes").seal(id);
        let seal = seal("0123456789abcdef0123456789abcdef");
        let mut tampered = seal.seal(id).into_bytes();
        for at in 0..tampered.len() {
            let original = tampered[at];
            tampered[at] = if original == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(std::str::from_utf8(&tampered).unwrap()), None, "position {at}");
            tampered[at] = original;
        }
        let longer = format!("{}AAAA", seal.seal(id));
        for text in ["", "!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "é", &foreign, &longer, &longer[..60]] {
            assert_eq!(seal.open(text), None, "{text}");
        }
    }

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
