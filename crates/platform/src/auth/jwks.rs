//! The keys of an issuer, fetched when needed and kept for as long as is safe.
//!
//! Keys are fresh for 10 minutes. An unknown key id fetches them again, at most once per 30 s however many tokens name
//! it. When the issuer is down, the keys at hand serve for up to 24 h; then nothing of the issuer is believed any more.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use super::jwk::parse_set;
use super::{AuthError, TrustedIssuer, VerificationKey};
use crate::clock::Clock;

/// How long keys are used without asking again.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// How long keys are used while the issuer cannot be asked.
const USABLE: TimeDelta = TimeDelta::hours(24);

/// The least time between two fetches while there are keys to use.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// The least time between two fetches while there are none.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(1);

/// How long a fetch may take.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long the document may be, in bytes.
const MAX_DOCUMENT: usize = 64 * 1024;

/// The JWKS cache of one issuer.
#[derive(Debug)]
pub struct JwksCache {
    url: String,
    algorithms: Vec<Algorithm>,
    clock: Clock,
    client: reqwest::Client,
    state: Mutex<State>,
    turn: Arc<AsyncMutex<()>>,
}

/// What is known of the issuer's keys.
#[derive(Clone, Debug, Default)]
struct State {
    keys: Option<Arc<[VerificationKey]>>,
    /// When the fetch that gave `keys` began.
    fetched_at: DateTime<Utc>,
    /// When the last fetch ended.
    tried_at: DateTime<Utc>,
    /// How many fetches have ended.
    tries: u64,
    /// Whether the last one gave no keys.
    failing: bool,
}

impl JwksCache {
    /// An empty cache for the keys of `issuer`; nothing is fetched before the first token comes.
    pub fn new(issuer: &TrustedIssuer, clock: Clock, client: reqwest::Client) -> Self {
        Self {
            url: issuer.jwks_url.clone(),
            algorithms: issuer.algorithms.clone(),
            clock,
            client,
            state: Mutex::default(),
            turn: Arc::default(),
        }
    }

    /// The issuer's key `id` for `algorithm`.
    ///
    /// # Errors
    /// [`AuthError::KeyUnknown`] when the issuer does not publish it, [`AuthError::Unavailable`] when the issuer cannot be
    /// asked and the keys at hand do not answer.
    pub async fn key(self: &Arc<Self>, id: &str, algorithm: Algorithm) -> Result<VerificationKey, AuthError> {
        let now = self.clock.now();
        let state = self.state();
        let answer = state.answer(id, algorithm, now);
        if !state.is_fetch_due(answer.is_ok(), now) {
            return answer;
        }
        if answer.is_ok() && state.failing {
            // The issuer is known to be down: ask again, but let nobody wait who can be answered.
            if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
                self.fetch_in_turn(state.tries, turn);
            }
            return answer;
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if let Some(fetch) = self.fetch_in_turn(state.tries, turn) {
            // A panic in there has been reported by the runtime, and leaves the state as it was.
            let _ = fetch.await;
        }
        self.state().answer(id, algorithm, self.clock.now())
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a fetch unless one has ended since `seen_tries` was read: then its outcome counts for this caller too.
    ///
    /// The fetch is a task of its own (of at most 5 s), so that a client that hangs up neither aborts it for the others
    /// nor gets around its being counted.
    fn fetch_in_turn(self: &Arc<Self>, seen_tries: u64, turn: OwnedMutexGuard<()>) -> Option<JoinHandle<()>> {
        if self.state().tries != seen_tries {
            return None;
        }
        let cache = Arc::clone(self);
        Some(tokio::spawn(async move {
            cache.fetch().await;
            drop(turn);
        }))
    }

    async fn fetch(&self) {
        let began_at = self.clock.now();
        let fetched = self.download().await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tries += 1;
        state.tried_at = self.clock.now();
        state.failing = fetched.is_err();
        match fetched {
            Ok(keys) => {
                tracing::debug!(url = self.url, keys = keys.len(), "fetched the keys of an issuer");
                state.keys = Some(keys.into());
                state.fetched_at = began_at;
            }
            Err(why) => tracing::warn!(url = self.url, %why, "cannot fetch the keys of an issuer"),
        }
    }

    async fn download(&self) -> Result<Vec<VerificationKey>, FetchError> {
        let mut response = self.client.get(&self.url).timeout(TIMEOUT).send().await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_DOCUMENT {
                return Err(FetchError::TooLong);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(parse_set(&document, &self.algorithms)?)
    }
}

impl State {
    /// The key, as far as what is at hand tells.
    fn answer(&self, id: &str, algorithm: Algorithm, now: DateTime<Utc>) -> Result<VerificationKey, AuthError> {
        let keys = self.usable_keys(now).ok_or_else(|| self.unavailable(PAUSE_WITHOUT_KEYS, now))?;
        match keys.iter().find(|key| key.is(id, algorithm)) {
            Some(key) => Ok(key.clone()),
            // A new key of an issuer that does not answer is not to be told from one that never was.
            None if self.failing => Err(self.unavailable(PAUSE, now)),
            None => Err(AuthError::KeyUnknown),
        }
    }

    fn usable_keys(&self, now: DateTime<Utc>) -> Option<&[VerificationKey]> {
        self.keys.as_deref().filter(|_| is_within(self.fetched_at, now, USABLE))
    }

    /// Whether to ask the issuer, for a caller whose key is at hand or not.
    fn is_fetch_due(&self, is_known: bool, now: DateTime<Utc>) -> bool {
        if is_known && is_within(self.fetched_at, now, FRESH) {
            return false;
        }
        let pause = if self.usable_keys(now).is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        self.tries == 0 || !is_within(self.tried_at, now, pause)
    }

    /// Unavailable until `pause` has passed since the last fetch.
    fn unavailable(&self, pause: TimeDelta, now: DateTime<Utc>) -> AuthError {
        let left = (self.tried_at + pause - now).num_seconds().clamp(1, pause.num_seconds());
        AuthError::Unavailable { retry_after: u32::try_from(left).unwrap_or(1) }
    }
}

/// Whether less than `limit` lies between the two; a clock that was set back counts like one that went on.
fn is_within(since: DateTime<Utc>, now: DateTime<Utc>, limit: TimeDelta) -> bool {
    (now - since).abs() < limit
}

/// Why there are no new keys. It is logged, and leaves this module no other way.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{}", with_sources(.0))]
    Http(#[from] reqwest::Error),
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    #[error("it sent more than 64 KiB")]
    TooLong,
    #[error("it sent no JWK set: {0}")]
    NotASet(#[from] serde_json::Error),
}

/// reqwest's own text says only that a request failed; the reason is in its sources.
fn with_sources(error: &reqwest::Error) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |source| source.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
