//! Links in e-mails that switch one kind of e-mail off, without signing in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::config::Secret;
use platform::derived_key::DerivedKey;

use super::message::Kind;

/// Makes and reads tokens: `base64url(<kind>:<user>).base64url(HMAC-SHA256 of that)`. They are good for ever, as a mail may be
/// opened years later (RFC 8058 §3.1), and good for nothing else.
#[derive(Clone, Debug)]
pub(crate) struct UnsubscribeTokens(DerivedKey);

impl UnsubscribeTokens {
    /// Tokens under a key of their own, derived from `secret`.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(DerivedKey::new(secret, "tidings-unsubscribe"))
    }

    /// The token by which `user_id` gets no more e-mails of `kind`.
    pub(crate) fn make(&self, user_id: &str, kind: Kind) -> String {
        let told = format!("{}:{user_id}", kind.as_str());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&told), URL_SAFE_NO_PAD.encode(self.0.mac(told.as_bytes())))
    }

    /// Whom the token is of, and which kind; nothing unless it was made here.
    pub(crate) fn read(&self, token: &str) -> Option<(String, Kind)> {
        let (told, mac) = token.split_once('.')?;
        let (told, mac) = (URL_SAFE_NO_PAD.decode(told).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
        let told = String::from_utf8(told).ok().filter(|told| self.0.verifies(told.as_bytes(), &mac))?;
        let (kind, user_id) = told.split_once(':')?;
        Some((user_id.to_owned(), Kind::parse(kind)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &str) -> UnsubscribeTokens {
        UnsubscribeTokens::new(&Secret::new(secret))
    }

    #[test]
    fn a_token_says_whom_and_what_it_is_for() {
        let tokens = tokens("0123456789abcdef0123456789abcdef");
        for user in ["alice", "auth0|4:2", "", "анна"] {
            for kind in Kind::ALL {
                let token = tokens.make(user, kind);
                assert_eq!(tokens.read(&token), Some((user.to_owned(), kind)));
                let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                assert!(token.chars().all(is_safe), "{token}");
            }
        }
        assert_eq!(tokens.make("alice", Kind::Reminder), tokens.make("alice", Kind::Reminder));
    }

    #[test]
    fn what_was_not_made_here_is_nothing() {
        let (tokens, others) =
            (tokens("0123456789abcdef0123456789abcdef"), tokens("another secret of this service..."));
        let token = tokens.make("alice", Kind::Reminder);
        assert_eq!(others.read(&token), None);
        let (told, mac) = token.split_once('.').unwrap();
        let bob = URL_SAFE_NO_PAD.encode("reminder:bob");
        let digest = URL_SAFE_NO_PAD.encode("digest:alice");
        for wrong in [
            "",
            ".",
            told,
            &format!("{bob}.{mac}"),
            &format!("{digest}.{mac}"),
            &format!("{told}."),
            &format!("{told}.{}", &mac[..20]),
            &format!("{told}.{mac}."),
            &format!("{token}="),
            &format!(" {token}"),
        ] {
            assert_eq!(tokens.read(wrong), None, "{wrong}");
        }
    }
}
