//! What stands around every service's routes.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::random::Random;
use crate::trace;
use crate::unread_body::drain_unread_body;

/// The largest request body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// How long a request may take until its response begins.
const TIMEOUT: Duration = Duration::from_secs(30);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds what every router has: problems for what the router itself refuses, panics caught, request ids, trace context,
/// metrics, the body limit, a limit of time.
pub(crate) fn around(router: Router, service: &'static str, metrics: Metrics) -> Router {
    around_within(TIMEOUT, router, service, metrics)
}

/// The same with another time for a request.
fn around_within(time: Duration, router: Router, service: &'static str, metrics: Metrics) -> Router {
    let random = Random::system();
    let ids = random.clone();
    let routes = router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(drain_unread_body))
        // Inside the matched route, so that the metrics know its pattern.
        .route_layer(from_fn(remember_route));
    // A router adds Allow to its answer after its own layers: these stand around all of it.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(move |request, next| give_up_after(time, request, next)))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| {
            let cause = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
                .unwrap_or_else(|| "panic".to_owned());
            Problem::internal(&cause).into_response()
        }))
        .layer(from_fn(move |request, next| render_problem(ids.clone(), request, next)))
        .layer(from_fn(move |request, next| measure(metrics.clone(), request, next)))
        .layer(from_fn(move |request, next| trace::follow(service, random.clone(), request, next)))
}

/// Answers a path that is not there. Routes that have a layer of their own, such as a limit, set this as their fallback before
/// the layer, so that the layer sees these requests too; without it the answer is the same.
#[expect(clippy::unused_async, reason = "handlers are async")]
pub async fn not_found() -> Problem {
    Problem::not_found("path")
}

/// Answers a method that a path does not know; set before a layer like [`not_found`].
pub async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
        .detail("This path does not answer that method; see Allow.")
}

/// Ends a request that takes too long, whatever it waits for; its transaction is rolled back.
async fn give_up_after(time: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(elapsed) => {
            Problem::unavailable("timeout", "The request took too long. Try again shortly.", &elapsed).into_response()
        }
    }
}

#[derive(Clone)]
struct Route(String);

async fn remember_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| Route(path.as_str().to_owned()));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Gives the response its request id, and a problem its body.
async fn render_problem(random: Random, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.headers().get(&REQUEST_ID).filter(|id| id.len() <= 128).cloned();
    let id = id.unwrap_or_else(|| {
        HeaderValue::from_str(&random.uuid().to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    });
    let mut response = next.run(request).await;
    // Paths and files that are not there are told by axum and by those who serve files, in their own way.
    let problem = response.extensions_mut().remove::<Problem>();
    let bare = response.status() == StatusCode::NOT_FOUND && !is_problem(&response);
    if let Some(problem) = problem.or_else(|| bare.then(|| Problem::not_found("path"))) {
        let body = problem.document(&path).to_string();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.remove(header::CONTENT_LENGTH);
        *response.body_mut() = body.into();
    }
    if response.status() == StatusCode::NOT_FOUND {
        // axum adds it to whatever answers a wrong method, and so would tell that the path is there.
        response.headers_mut().remove(header::ALLOW);
    }
    response.headers_mut().insert(REQUEST_ID.clone(), id);
    response
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

async fn measure(metrics: Metrics, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = response.extensions().get::<Route>().map_or("unmatched", |route| route.0.as_str());
    metrics.request(method.as_str(), route, response.status().as_u16(), started.elapsed());
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_that_comes_too_slowly_ends_the_request() {
        let routes = Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() }));
        let router = around_within(Duration::from_millis(100), routes, "test", Metrics::new("test"));
        // A byte every now and then, for ever.
        let drip = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
        });
        let answer = router.oneshot(Request::post("/").body(Body::from_stream(drip)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = axum::body::to_bytes(answer.into_body(), MAX_BODY).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains("\"code\":\"timeout\""), "{body:?}");
    }
}
