//! The built-in issuer's keys, and the tokens made with them.
//!
//! No key is stored: the key of each period of 30 days is derived from `AUTH_SECRET`, so that every replica signs with
//! the same one and a restart changes nothing. The JWKS shows the previous, the current and the next key: a token stays
//! valid through a change of period, and whoever caches the set knows the new key before it is used.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::VerificationKey;
use crate::clock::Clock;
use crate::config::Secret;

/// How long one key signs, in seconds.
const PERIOD: i64 = 30 * 24 * 60 * 60;

/// The shortest secret that keys are derived from, in bytes.
const MIN_SECRET: usize = 32;

/// The secret is too short to derive keys from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be at least {MIN_SECRET} bytes of randomness; make one with: openssl rand -base64 48")]
pub struct WeakSecret;

/// What a token of the built-in issuer says of its user.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// Claims `sub` and `user_id`.
    pub user_id: String,
    /// Claim `email`.
    pub email: Option<String>,
    /// Claim `first_name`.
    pub first_name: Option<String>,
    /// Claim `last_name`.
    pub last_name: Option<String>,
    /// Claim `timezone`: an IANA name.
    pub timezone: Option<String>,
}

/// The keys of the built-in issuer. Clones share what was derived.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// HMAC-SHA256 under the secret, before any input.
    derivation: Hmac<Sha256>,
    issuer: String,
    audience: String,
    clock: Clock,
    derived: Mutex<Option<Arc<KeyRing>>>,
}

/// The keys of a period and of its neighbours.
#[derive(Debug)]
struct KeyRing {
    period: i64,
    previous: Key,
    current: Key,
    next: Key,
}

struct Key {
    id: String,
    secret: SigningKey,
}

impl SigningKeys {
    /// The keys derived from `secret` for tokens of `issuer` that are meant for `audience`.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn new(
        secret: &Secret,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        clock: Clock,
    ) -> Result<Self, WeakSecret> {
        if secret.expose().len() < MIN_SECRET {
            return Err(WeakSecret);
        }
        let derivation = Hmac::new_from_slice(secret.expose().as_bytes()).map_err(|_| WeakSecret)?;
        let (issuer, audience) = (issuer.into(), audience.into());
        Ok(Self { inner: Arc::new(Inner { derivation, issuer, audience, clock, derived: Mutex::default() }) })
    }

    /// The claim `iss` of the tokens.
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// The claim `aud` of the tokens.
    pub fn audience(&self) -> &str {
        &self.inner.audience
    }

    /// The JWKS document (RFC 7517 §5) with the public keys.
    pub fn jwks(&self) -> Value {
        let ring = self.ring(self.inner.clock.now());
        json!({ "keys": [ring.previous.jwk(), ring.current.jwk(), ring.next.jwk()] })
    }

    /// A token that names the user and is valid from now for `lifetime` (whole seconds count).
    pub fn mint(&self, claims: &Claims, lifetime: TimeDelta) -> String {
        let now = self.inner.clock.now();
        let ring = self.ring(now);
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": ring.current.id});
        let mut payload = json!({
            "iss": self.inner.issuer,
            "aud": self.inner.audience,
            "iat": now.timestamp(),
            "exp": (now + lifetime).timestamp(),
            "sub": claims.user_id,
            "user_id": claims.user_id,
        });
        let Claims { user_id: _, email, first_name, last_name, timezone } = claims;
        let profile = [("email", email), ("first_name", first_name), ("last_name", last_name), ("timezone", timezone)];
        for (claim, value) in profile {
            if let Some(value) = value {
                payload[claim] = json!(value);
            }
        }
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let signature = ring.current.secret.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The public key `id`, if it is one of the three that are published now.
    pub(super) fn verification_key(&self, id: &str) -> Option<VerificationKey> {
        let ring = self.ring(self.inner.clock.now());
        let key = [&ring.previous, &ring.current, &ring.next].into_iter().find(|key| key.id == id)?;
        Some(VerificationKey::ed25519(id, &key.secret.verifying_key()))
    }

    fn ring(&self, now: DateTime<Utc>) -> Arc<KeyRing> {
        let period = now.timestamp().div_euclid(PERIOD);
        let mut derived = self.inner.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ring) = derived.as_ref().filter(|ring| ring.period == period) {
            return Arc::clone(ring);
        }
        let key = |period| Key::derive(self.inner.derivation.clone(), period);
        let ring = Arc::new(KeyRing { period, previous: key(period - 1), current: key(period), next: key(period + 1) });
        *derived = Some(Arc::clone(&ring));
        ring
    }
}

impl Key {
    /// The Ed25519 key whose seed is HMAC-SHA256 of the period under the secret.
    fn derive(derivation: Hmac<Sha256>, period: i64) -> Self {
        let seed = derivation.chain_update(format!("tidings-signing-key/{period}")).finalize();
        Self::from_seed(&seed.into_bytes().into())
    }

    /// The key's id is the thumbprint of its JWK (RFC 7638 §3, RFC 8037 §2 and appendix A.3).
    fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(seed);
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, public_part(&secret));
        Self { id: URL_SAFE_NO_PAD.encode(Sha256::digest(jwk)), secret }
    }

    fn jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": public_part(&self.secret),
            "kid": self.id, "alg": "EdDSA", "use": "sig",
        })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
    }
}

fn public_part(secret: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(secret.verifying_key().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str, clock: &Clock) -> SigningKeys {
        SigningKeys::new(&Secret::new(secret), "http://localhost:8000", "http://localhost:8000", clock.clone()).unwrap()
    }

    fn key_ids(keys: &SigningKeys) -> Vec<String> {
        let jwks = keys.jwks();
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn clock() -> Clock {
        Clock::manual(DateTime::from_timestamp(1_770_000_000, 0).unwrap())
    }

    /// RFC 8037 appendices A.1 to A.3.
    #[test]
    fn the_key_id_is_the_thumbprint() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = Key::from_seed(&seed.try_into().unwrap());
        let expected = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig",
        });
        assert_eq!(key.jwk(), expected);
    }

    #[test]
    fn every_replica_has_the_same_keys_and_another_secret_has_others() {
        let clock = clock();
        let secret = "a secret of at least 32 bytes, yes";
        assert_eq!(key_ids(&keys(secret, &clock)), key_ids(&keys(secret, &clock)));
        let others = key_ids(&keys("another secret of at least 32 bytes", &clock));
        assert!(key_ids(&keys(secret, &clock)).iter().all(|id| !others.contains(id)));
    }

    #[test]
    fn the_next_key_is_known_before_it_signs() {
        let clock = clock();
        let keys = keys("a secret of at least 32 bytes, yes", &clock);
        let before = key_ids(&keys);
        clock.advance(TimeDelta::days(30));
        let after = key_ids(&keys);
        assert_eq!(before[1..], after[..2]);
        assert!(!before.contains(&after[2]));
    }

    #[test]
    fn a_short_secret_is_refused() {
        let short = SigningKeys::new(&Secret::new("x".repeat(31)), "i", "a", clock());
        assert_eq!(short.unwrap_err(), WeakSecret);
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = keys("a secret of at least 32 bytes, yes", &clock());
        keys.jwks();
        let seed = URL_SAFE_NO_PAD.encode(keys.ring(clock().now()).current.secret.to_bytes());
        let printed = format!("{keys:?}");
        assert!(!printed.contains("a secret") && !printed.contains(&seed), "{printed}");
    }
}
