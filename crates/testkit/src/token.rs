//! Tokens, right and wrong ones. They are put together by hand, because a library for tokens refuses to make bad ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use ed25519_dalek::Signer;
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::issuer::Key;

/// How long Better Auth's tokens are valid.
const LIFETIME: Duration = Duration::minutes(15);

/// A token that is not signed yet: valid as it comes, and everything in it can be changed.
#[derive(Clone, Debug)]
pub struct Token {
    key: Key,
    issued_at: DateTime<Utc>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token {
    pub(crate) fn new(key: Key, issuer: &str, user: &str, now: DateTime<Utc>) -> Self {
        // Better Auth's header has no `typ`.
        let header = object(json!({"alg": "EdDSA", "kid": key.id}));
        let claims = object(json!({
            "sub": user,
            "user_id": user,
            "email": format!("{user}@example.com"),
            "name": user,
            "iat": now.timestamp(),
            "exp": (now + LIFETIME).timestamp(),
            "iss": issuer,
            "aud": issuer,
        }));
        Self { key, issued_at: now, header, claims }
    }

    /// Sets a claim to any value, of the right type or not.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Expires this long after it is issued; before that, for a negative duration.
    #[must_use]
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let expiry = (self.issued_at + lifetime).timestamp();
        self.claim("exp", expiry)
    }

    /// Sets a field of the header, such as `kid`.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a field of the header out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signs it as its issuer does (RFC 8037 §3.1).
    pub fn sign(self) -> String {
        let content = self.content();
        let signature = self.key.pair.sign(content.as_bytes());
        join(&content, &signature.to_bytes())
    }

    /// Signs it with a key that the issuer does not have, under the name of one that it has.
    pub fn sign_with_a_foreign_key(self) -> String {
        let content = self.content();
        join(&content, &Key::new().pair.sign(content.as_bytes()).to_bytes())
    }

    /// Says `alg: none` and has no signature (RFC 7515 §A.5).
    pub fn unsigned(self) -> String {
        join(&self.header("alg", "none").content(), &[])
    }

    /// Says `alg: HS256`, with the issuer's public key as the shared secret: the algorithm confusion of RFC 8725 §2.1.
    pub fn sign_with_the_public_key(self) -> String {
        let token = self.header("alg", "HS256");
        let content = token.content();
        let secret = token.key.pair.verifying_key();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(content.as_bytes());
        join(&content, &mac.finalize().into_bytes())
    }

    fn content(&self) -> String {
        let encode = |part: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::from(part.clone()).to_string());
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }
}

fn join(content: &str, signature: &[u8]) -> String {
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}
