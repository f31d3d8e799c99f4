//! An issuer under the test's control: it publishes keys over HTTP, counts who asks, and can be broken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use ed25519_dalek::{Signer as _, SigningKey};
use platform::auth::{AuthError, TrustedIssuer, Verifier};
use platform::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// `iss` and `aud` of the issuer, as Better Auth has them: both are its base URL.
pub(crate) const ISSUER: &str = "http://localhost:3000";

/// What the issuer says when it is asked for its keys.
#[derive(Clone)]
pub(crate) enum Answer {
    Document(String),
    Status(StatusCode),
    Silence,
}

#[derive(Clone)]
struct Published {
    answer: Arc<Mutex<Answer>>,
    fetches: Arc<AtomicUsize>,
}

/// The issuer, its clock and who verifies its tokens.
pub(crate) struct TestIssuer {
    published: Published,
    pub(crate) trusted: TrustedIssuer,
    pub(crate) clock: Clock,
    pub(crate) verifier: Verifier,
}

impl TestIssuer {
    /// An issuer on a free port that publishes `keys`, and a verifier that has not asked it yet.
    pub(crate) async fn start(keys: &[&TestKey]) -> Self {
        let published = Published { answer: Arc::new(Mutex::new(document(keys))), fetches: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/auth/jwks", listener.local_addr().unwrap());
        let router = Router::new().route("/api/auth/jwks", get(answer)).with_state(published.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let clock = Clock::manual(DateTime::from_timestamp(1_770_000_000, 0).unwrap());
        let trusted = TrustedIssuer::new(ISSUER, url, ISSUER);
        let verifier = Verifier::new(vec![trusted.clone()], clock.clone(), &client());
        Self { published, trusted, clock, verifier }
    }

    pub(crate) fn publish(&self, keys: &[&TestKey]) {
        self.answer(document(keys));
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.published.answer.lock().unwrap() = answer;
    }

    /// How often the keys were asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.published.fetches.load(Ordering::SeqCst)
    }

    /// Claims of Better Auth's shape, valid for 15 minutes from now; members of `changes` replace them, `null` removes.
    pub(crate) fn claims(&self, changes: &Value) -> Value {
        let now = self.clock.now();
        let mut claims = json!({
            "iss": ISSUER, "aud": ISSUER, "sub": "alice", "user_id": "alice", "email": "alice@example.com",
            "name": "Alice Liddell", "iat": now.timestamp(), "exp": (now + TimeDelta::minutes(15)).timestamp(),
        });
        let members = claims.as_object_mut().unwrap();
        for (claim, value) in changes.as_object().unwrap() {
            members.insert(claim.clone(), value.clone());
        }
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// A good token of `key` that is not equal to any other.
    pub(crate) fn token(&self, key: &TestKey) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let days_from_now = (self.clock.now() + TimeDelta::days(3)).timestamp();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        key.sign(&self.claims(&json!({ "exp": days_from_now, "number": number })))
    }

    /// The code of the refusal, or `ok`.
    pub(crate) async fn verdict(&self, token: &str) -> &'static str {
        self.verifier.verify(token).await.map_or_else(|error: AuthError| error.code(), |_| "ok")
    }

    /// Waits for the keys to have been asked for `count` times.
    pub(crate) async fn wait_for_fetches(&self, count: usize) {
        let reached = async {
            while self.fetches() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), reached).await.is_ok();
        assert!(in_time, "asked {} times, not {count}", self.fetches());
    }
}

async fn answer(State(published): State<Published>) -> Response {
    published.fetches.fetch_add(1, Ordering::SeqCst);
    let answer = published.answer.lock().unwrap().clone();
    match answer {
        Answer::Document(document) => document.into_response(),
        Answer::Status(status) => (status, r#"{"keys": []}"#).into_response(),
        Answer::Silence => std::future::pending().await,
    }
}

fn document(keys: &[&TestKey]) -> Answer {
    let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    Answer::Document(json!({ "keys": keys }).to_string())
}

pub(crate) fn client() -> reqwest::Client {
    platform::http::client(Duration::from_secs(30)).unwrap()
}

/// A key of the issuer, or of somebody who would like to be it.
pub(crate) struct TestKey {
    id: String,
    secret: SigningKey,
}

impl TestKey {
    pub(crate) fn new(id: &str, seed: u8) -> Self {
        Self { id: id.to_owned(), secret: SigningKey::from_bytes(&[seed; 32]) }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.secret.verifying_key().to_bytes()
    }

    /// As Better Auth publishes it: without `use`.
    fn jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": self.id,
            "x": URL_SAFE_NO_PAD.encode(self.public()),
        })
    }

    /// A token with the header that Better Auth writes: `alg` and `kid` only.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with_header(&json!({"alg": "EdDSA", "kid": self.id}), claims)
    }

    pub(crate) fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.secret.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The first two parts of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
