//! Who may call what is meant for the sidecar: `/events/*`, `/job/*`, `/dapr/*` and `/internal/*`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use subtle::ConstantTimeEq as _;

use super::API_TOKEN;
use crate::config::Secret;
use crate::problem::Problem;
use crate::{layers, overload};

/// A header of every delivery of a sidecar, and of nothing else: the pub/sub component.
const DELIVERY: &str = "pubsubname";

/// Requests of the sidecar that a service works on at a time. They have places of their own: deliveries go on while the API
/// has more to do than it can, and the other way round. One more is answered 503, and the sidecar comes back with it.
const IN_PROGRESS: usize = 256;

/// Lets only the sidecar through to `router`: a loopback peer that, when `app_token` is set, shows it. To anybody else the
/// routes do not exist (404), but for a sidecar with another token, whose deliveries are 401.
pub fn sidecar_only(router: Router, app_token: Option<Secret>) -> Router {
    // Before the layer, which refuses a wrong method too: it must not tell that the path is there.
    let router = router.method_not_allowed_fallback(layers::method_not_allowed);
    let told = Arc::new(AtomicBool::new(false));
    overload::at_most(IN_PROGRESS, router).layer(middleware::from_fn(move |request: Request, next: Next| {
        let allowed = is_sidecar(&request, app_token.as_ref());
        if !allowed && is_loopback(&request) && !told.swap(true, Ordering::Relaxed) {
            let path = request.uri().path();
            tracing::warn!(
                path,
                "a caller on this machine does not show APP_API_TOKEN; if it is the sidecar, give both the same token and start it \
                 again: until then nothing is delivered here. This is said once"
            );
        }
        let refusal = (!allowed).then(|| refuse(&request));
        async move {
            match refusal {
                None => next.run(request).await,
                Some(refusal) => refusal,
            }
        }
    }))
}

fn is_sidecar(request: &Request, app_token: Option<&Secret>) -> bool {
    let shown = request.headers().get(API_TOKEN).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    is_loopback(request) && app_token.is_none_or(|token| token.expose().as_bytes().ct_eq(shown).into())
}

fn is_loopback(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback())
}

/// To a sidecar, 404 would mean that an event is of no use: it would be lost for a token that is not the same on both sides. So a
/// delivery is told what is wrong, and comes again. Nobody else is told that there is something; a job's tick cannot be told from
/// anybody else's request.
fn refuse(request: &Request) -> Response {
    if !(is_loopback(request) && request.headers().contains_key(DELIVERY)) {
        return Problem::not_found("path").into_response();
    }
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "app_token_wrong", "This is not the sidecar's token");
    let detail = "The sidecar does not show APP_API_TOKEN of this service: give both the same, and start it again.";
    problem.detail(detail).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;

    async fn status(peer: &str, app_token: Option<&str>, shown: Option<&str>) -> StatusCode {
        answer(peer, app_token, shown, false).await
    }

    async fn answer(peer: &str, app_token: Option<&str>, shown: Option<&str>, delivery: bool) -> StatusCode {
        let router = sidecar_only(Router::new().route("/events/x", post(|| async {})), app_token.map(Secret::new));
        let mut request = Request::post("/events/x");
        if let Some(token) = shown {
            request = request.header(API_TOKEN, token);
        }
        if delivery {
            request = request.header(DELIVERY, "pubsub");
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        router.oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_wrong_method_does_not_tell_that_the_path_is_there() {
        let guarded = sidecar_only(Router::new().route("/events/x", post(|| async {})), None);
        let health = crate::health::Health::new("test", "0", crate::metrics::Metrics::new("test"), Vec::new());
        let router = crate::layers::around(guarded, health);
        let answer = router.oneshot(Request::get("/events/x").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(answer.headers().get("allow").is_none());
    }

    #[tokio::test]
    async fn a_delivery_with_another_token_is_not_dropped() {
        assert_eq!(answer("127.0.0.1:9", Some("secret"), Some("other"), true).await, StatusCode::UNAUTHORIZED);
        assert_eq!(answer("127.0.0.1:9", Some("secret"), None, true).await, StatusCode::UNAUTHORIZED);
        assert_eq!(answer("127.0.0.1:9", Some("secret"), Some("secret"), true).await, StatusCode::OK);
        assert_eq!(answer("10.0.0.7:9", Some("secret"), Some("other"), true).await, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn only_a_loopback_peer_with_the_token_passes() {
        assert_eq!(status("127.0.0.1:9", Some("secret"), Some("secret")).await, StatusCode::OK);
        assert_eq!(status("[::ffff:127.0.0.1]:9", None, None).await, StatusCode::OK);
        assert_eq!(status("127.0.0.1:9", Some("secret"), Some("other")).await, StatusCode::NOT_FOUND);
        assert_eq!(status("127.0.0.1:9", Some("secret"), None).await, StatusCode::NOT_FOUND);
        assert_eq!(status("10.0.0.7:9", Some("secret"), Some("secret")).await, StatusCode::NOT_FOUND);
        assert_eq!(status("10.0.0.7:9", None, None).await, StatusCode::NOT_FOUND);
    }
}
