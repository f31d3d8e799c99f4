//! An issuer of tokens such as Better Auth is one, with its key set on a port of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use platform::clock::Clock;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use crate::token::Token;

/// Signs tokens and serves the keys to verify them; it ends when this is dropped.
#[derive(Debug)]
pub struct Issuer {
    clock: Clock,
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    keys: Mutex<Vec<Key>>,
    fetches: AtomicUsize,
    is_up: AtomicBool,
}

/// A key pair and the name under which it is published.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) pair: SigningKey,
}

impl Key {
    /// Better Auth names its keys at random, not by their thumbprint.
    pub(crate) fn new() -> Self {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        seed[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self { id: Uuid::new_v4().simple().to_string(), pair: SigningKey::from_bytes(&seed) }
    }

    /// RFC 8037 §2, without `use`.
    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.verifying_key().as_bytes());
        json!({"alg": "EdDSA", "crv": "Ed25519", "x": x, "kty": "OKP", "kid": self.id})
    }
}

impl Issuer {
    /// Starts with one key; tokens are dated by `clock`.
    pub async fn start(clock: &Clock) -> Self {
        let shared = Shared { keys: Mutex::new(vec![Key::new()]), fetches: 0.into(), is_up: true.into() };
        let shared = Arc::new(shared);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listen on a free port");
        let address = listener.local_addr().expect("the port that was chosen");
        let router = Router::new().route("/api/auth/jwks", get(key_set)).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve the key set") });
        Self { clock: clock.clone(), address, shared, server }
    }

    /// What tokens carry as `iss` and `aud`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/api/auth/jwks", self.base_url())
    }

    /// How often the keys were asked for, whether answered or not.
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// From now on the keys are refused with 503.
    pub fn switch_off(&self) {
        self.shared.is_up.store(false, Ordering::SeqCst);
    }

    /// From now on the keys are served again.
    pub fn switch_on(&self) {
        self.shared.is_up.store(true, Ordering::SeqCst);
    }

    /// Adds a key, which signs from now on; the older ones remain published.
    pub fn rotate(&self) {
        self.keys().push(Key::new());
    }

    /// Adds a key as [`Issuer::rotate`] does, and publishes the older ones no more.
    pub fn replace_keys(&self) {
        *self.keys() = vec![Key::new()];
    }

    /// A valid token of 15 minutes for the user whose id is `user`.
    pub fn token(&self, user: &str) -> String {
        self.claims(user).sign()
    }

    /// The same, to be changed before it is signed.
    pub fn claims(&self, user: &str) -> Token {
        let key = self.keys().last().cloned().expect("an issuer has a key");
        Token::new(key, &self.base_url(), user, self.clock.now())
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<Key>> {
        self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn key_set(State(shared): State<Arc<Shared>>) -> axum::response::Response {
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    if !shared.is_up.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let keys = shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
    Json(json!({"keys": keys.iter().map(Key::jwk).collect::<Vec<_>>()})).into_response()
}
