//! Who sent a request, as far as it is counted, and what the answer tells of that.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::{Router, http};
use serde_json::json;

use super::address::{TrustedProxies, counted_as};
use super::limiter::{Limiter, Standing};
use crate::problem::Problem;

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// Who sent the request. What is counted through it is told in the answer.
#[derive(Clone, Debug, Default)]
pub struct Client {
    address: Option<IpAddr>,
    standings: Arc<Mutex<Vec<Standing>>>,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

impl Client {
    /// The client of a request to a router that is [`limited`]; of any other request, one of whom nothing is known.
    pub fn of(extensions: &http::Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Counts the request for `key`.
    ///
    /// # Errors
    /// 429 `rate_limited` when it is one too many.
    pub fn count(&self, limiter: Option<&Limiter>, key: &(impl Hash + ?Sized)) -> Result<(), Problem> {
        let Some(limiter) = limiter else { return Ok(()) };
        let standing = limiter.count(key);
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).push(standing);
        if standing.refused { Err(refusal(&standing)) } else { Ok(()) }
    }

    /// Counts the request for the address that it came from; IPv6 by the /64.
    ///
    /// # Errors
    /// 429 `rate_limited` when it is one too many.
    pub fn count_address(&self, limiter: Option<&Limiter>) -> Result<(), Problem> {
        self.address.map_or(Ok(()), |address| self.count(limiter, &address))
    }
}

/// Limits what each address may ask of `router`, and lets its handlers count through [`Client`].
pub fn limited(router: Router, per_address: Option<Limiter>, proxies: TrustedProxies) -> Router {
    let proxies = Arc::new(proxies);
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| counted_as(proxies.client(*peer, request.headers())));
        let client = Client { address, ..Client::default() };
        let admitted = client.count_address(per_address.as_ref());
        request.extensions_mut().insert(client.clone());
        async move {
            let mut response = match admitted {
                Ok(()) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            };
            let standings = client.standings.lock().unwrap_or_else(PoisonError::into_inner);
            tell(&standings, response.headers_mut());
            response
        }
    }))
}

fn refusal(standing: &Standing) -> Problem {
    let Standing { name, rate, seconds, .. } = standing;
    tracing::debug!(limit = name, "a request was one too many");
    let detail = format!(
        "The limit `{name}` is {} requests in {} s. Send the request again in {seconds} s.",
        rate.requests, rate.seconds
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests")
        .detail(detail)
        .extension("violated-policies", json!([name]))
        .header(header::RETRY_AFTER, HeaderValue::from(*seconds))
}

/// Both headers are lists of structured fields (RFC 9651).
fn tell(standings: &[Standing], headers: &mut HeaderMap) {
    let (mut policies, mut current) = (String::new(), String::new());
    for Standing { name, rate, remaining, seconds, .. } in standings {
        let comma = if policies.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(policies, "{comma}\"{name}\";q={};w={}", rate.requests, rate.seconds);
        let _ = write!(current, "{comma}\"{name}\";r={remaining};t={seconds}");
    }
    for (name, value) in [(&POLICY, policies), (&STANDING, current)] {
        if let Some(value) = HeaderValue::try_from(value).ok().filter(|value| !value.is_empty()) {
            headers.insert(name.clone(), value);
        }
    }
}
