//! Refresh tokens and tickets: made from their id, never stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::config::Secret;
use platform::derived_key::DerivedKey;
use uuid::Uuid;

/// Makes and reads tokens of one kind: base64url(id ‖ HMAC-SHA256(id)), 64 characters. The database holds ids only, so
/// whoever reads it cannot make a token, and whoever has the secret can make a token again from its id.
#[derive(Clone, Debug)]
pub struct IdSeal(DerivedKey);

impl IdSeal {
    /// The seal of refresh tokens, under a key of its own, derived from `secret`.
    pub fn of_refresh_tokens(secret: &Secret) -> Self {
        Self(DerivedKey::new(secret, "tidings-refresh-token"))
    }

    /// The seal of tickets to WebSockets, under a key of its own, derived from `secret`.
    pub fn of_ws_tickets(secret: &Secret) -> Self {
        Self(DerivedKey::new(secret, "tidings-ws-ticket"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(secret: &str) -> IdSeal {
        IdSeal::of_refresh_tokens(&Secret::new(secret))
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
        let of_another_kind = IdSeal::of_ws_tickets(&Secret::new("0123456789abcdef0123456789abcdef")).seal(id);
        let longer = format!("{}AAAA", seal.seal(id));
        for text in ["", "!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "é", &foreign, &of_another_kind, &longer, &longer[..60]]
        {
            assert_eq!(seal.open(text), None, "{text}");
        }
    }
}
