//! From a token to whom it names.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::claims::claimed_issuer;
use super::token::{UnverifiedToken, check_length};
use super::{AuthError, Identity, JwksCache, SigningKeys, TrustedIssuer, VerificationKey};
use crate::clock::Clock;

/// How many verified tokens are remembered. A verification costs 120 µs of CPU, a look-up 1 µs.
const REMEMBERED: usize = 10_000;

/// How long a verified token is believed without being verified again: with the 10 minutes that keys are fresh, a key
/// that its issuer withdraws is refused after 20 minutes at most.
const REMEMBERED_FOR: TimeDelta = TimeDelta::minutes(10);

/// Verifies tokens against the trusted issuers. Clones share the keys and the remembered tokens.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuers: Arc<HashMap<String, Issuer>>,
    remembered: Arc<Cache<[u8; 32], Remembered>>,
    clock: Clock,
}

#[derive(Clone, Debug)]
struct Issuer {
    trusted: TrustedIssuer,
    keys: Keys,
}

#[derive(Clone, Debug)]
enum Keys {
    Published(Arc<JwksCache>),
    Own(SigningKeys),
}

#[derive(Clone, Debug)]
struct Remembered {
    identity: Arc<Identity>,
    /// Never after the token's `exp`.
    until: DateTime<Utc>,
}

impl Verifier {
    /// Believes `issuers`, whose keys are fetched with `client` when they are first needed. The client should not follow
    /// redirects.
    pub fn new(issuers: Vec<TrustedIssuer>, clock: Clock, client: &reqwest::Client) -> Self {
        let with_keys = |trusted: TrustedIssuer| {
            let keys = Keys::Published(Arc::new(JwksCache::new(&trusted, clock.clone(), client.clone())));
            (trusted.issuer.clone(), Issuer { trusted, keys })
        };
        Self {
            issuers: Arc::new(issuers.into_iter().map(with_keys).collect()),
            remembered: Arc::new(Cache::new(REMEMBERED)),
            clock,
        }
    }

    /// Also believes the issuer of `keys`, and never asks itself for them over HTTP; for the service that is the issuer.
    #[must_use]
    pub fn trusting_own(mut self, keys: SigningKeys) -> Self {
        let trusted = TrustedIssuer::new(keys.issuer(), "", keys.audience());
        let issuer = Issuer { trusted, keys: Keys::Own(keys) };
        Arc::make_mut(&mut self.issuers).insert(issuer.trusted.issuer.clone(), issuer);
        self
    }

    /// Whom the token names.
    ///
    /// The issuer is found by the `iss` that the token claims; from there on everything is checked with what that issuer
    /// may do, and the claims are looked at only after the signature.
    ///
    /// # Errors
    /// Why it is not believed: every variant of [`AuthError`] but `Missing`.
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, AuthError> {
        check_length(token)?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(identity) = self.recall(&digest) {
            return Ok(identity);
        }
        let token = UnverifiedToken::read(token)?;
        let issuer = self.issuers.get(claimed_issuer(&token.claims)?).ok_or(AuthError::IssuerUnknown)?;
        if !issuer.trusted.algorithms.contains(&token.algorithm) {
            return Err(AuthError::AlgorithmRefused);
        }
        let key = issuer.key(&token).await?;
        if !key.verifies(token.signed, token.signature, token.algorithm) {
            return Err(AuthError::SignatureInvalid);
        }
        let identity = Arc::new(Identity::of(&token.claims, &issuer.trusted, self.clock.now())?);
        self.remember(digest, &identity);
        Ok(identity)
    }

    fn recall(&self, digest: &[u8; 32]) -> Option<Arc<Identity>> {
        let Remembered { identity, until } = self.remembered.get(digest)?;
        if self.clock.now() < until {
            return Some(identity);
        }
        self.remembered.remove(digest);
        None
    }

    fn remember(&self, digest: [u8; 32], identity: &Arc<Identity>) {
        let until = identity.expires_at.min(self.clock.now() + REMEMBERED_FOR);
        self.remembered.insert(digest, Remembered { identity: Arc::clone(identity), until });
    }
}

impl Issuer {
    async fn key(&self, token: &UnverifiedToken<'_>) -> Result<VerificationKey, AuthError> {
        match &self.keys {
            Keys::Published(keys) => keys.key(&token.key_id, token.algorithm).await,
            Keys::Own(keys) => keys.verification_key(&token.key_id).ok_or(AuthError::KeyUnknown),
        }
    }
}
