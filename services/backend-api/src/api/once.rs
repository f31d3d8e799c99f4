//! The `Idempotency-Key` header of a POST.

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::clock::Clock;
use platform::derived_key::DerivedKey;
use platform::problem::Problem;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::respond::replayed;
use crate::store::change::{Begun, Changes};
use crate::store::idempotency::Once;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;

/// The header's name.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What makes a POST to `path` with `body` happen once, if the client asked for it. Bodies that are equal as JSON are the
/// same request.
///
/// # Errors
/// 400 when the key is not 1 to 255 visible ASCII characters, or is given twice.
pub fn once(headers: &HeaderMap, user_id: &str, path: &str, body: &[u8]) -> Result<Option<Once>, Problem> {
    let once = |key| {
        let fingerprint = Sha256::digest(canonical(path, body)).to_vec();
        Once { scope: format!("user:{user_id}"), key, fingerprint }
    };
    Ok(idempotency_key(headers)?.map(once))
}

/// The same where nobody is signed in: the key is that of `subject`, which says who asks, at `endpoint`. Neither the subject
/// nor the body, which holds a password, is kept: without `secret` nobody can try any against what is.
///
/// # Errors
/// As [`once`].
pub fn once_in_secret(
    headers: &HeaderMap,
    endpoint: &str,
    subject: &str,
    secret: &DerivedKey,
    body: &[u8],
) -> Result<Option<Once>, Problem> {
    let once = |key| {
        let subject = secret.mac(&[b"idempotency-scope\0", subject.as_bytes()].concat());
        let scope = format!("{endpoint}:{}", URL_SAFE_NO_PAD.encode(subject));
        let fingerprint = secret.mac(&canonical(endpoint, body)).to_vec();
        Once { scope, key, fingerprint }
    };
    Ok(idempotency_key(headers)?.map(once))
}

/// By what another service recognises the request when it is asked for it again: of its key, and without one of this request alone.
pub fn key_elsewhere(once: Option<&Once>, clock: &Clock) -> String {
    let Some(Once { scope, key, fingerprint }) = once else { return clock.new_id().to_string() };
    let named = [scope.as_bytes(), &[0], key.as_bytes(), &[0], fingerprint].concat();
    URL_SAFE_NO_PAD.encode(Sha256::digest(named))
}

/// Keeps for a request's key what another service answers to `ask`, which is carried out as often as it is asked and comes to the
/// same. No connection is held meanwhile; of two requests at once with one key, both may ask. Should the second be refused because
/// of the first, it is answered as the first was.
///
/// # Errors
/// As [`Changes::begin_once`], and those of `ask`; then nothing is kept.
pub async fn ask_once(
    changes: &Changes,
    user_id: &str,
    once: Option<Once>,
    ask: impl Future<Output = Result<Reply, Problem>>,
) -> Result<Response, Problem> {
    let Some(once) = once else { return Ok(ask.await?.into_response()) };
    let begin = || changes.begin_once(Acting::User(user_id), None, Some(once.clone()));
    match begin().await? {
        Begun::Fresh(change) => change.abandon().await?,
        Begun::Replay(reply) => return Ok(replayed(reply)),
    }
    let asked = ask.await;
    match (begin().await?, asked) {
        (Begun::Fresh(change), Ok(reply)) => Ok(change.finish(reply).await?.into_response()),
        (Begun::Fresh(change), Err(refusal)) => {
            change.abandon().await?;
            Err(refusal)
        }
        (Begun::Replay(reply), _) => Ok(replayed(reply)),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let valid = key.len() <= 255 && !key.is_empty() && key.as_bytes().iter().all(u8::is_ascii_graphic);
    let (true, None, Ok(key)) = (valid, keys.next(), key.to_str()) else {
        let detail = "An Idempotency-Key is 1 to 255 visible ASCII characters, such as a UUID, given once.";
        return Err(Problem::unreadable("idempotency_key_invalid", detail));
    };
    Ok(Some(key.to_owned()))
}

/// What requests that are the same have in common.
fn canonical(path: &str, body: &[u8]) -> Vec<u8> {
    let body = serde_json::from_slice::<Value>(body).map_or_else(|_| body.to_vec(), |value| value.to_string().into());
    [path.as_bytes(), &[0], &body].concat()
}
