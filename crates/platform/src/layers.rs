//! What stands around every service's routes.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use tower::{ServiceExt as _, service_fn};
use tracing::Instrument as _;

use crate::health::Health;
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
/// metrics, the body limit, a limit of time, and the farewell of a service that stops.
pub(crate) fn around(router: Router, health: Health) -> Router {
    around_within(TIMEOUT, router, health)
}

/// The same with another time for a request.
fn around_within(time: Duration, router: Router, health: Health) -> Router {
    // Inside the matched route, so that the metrics know its pattern.
    let routes = router.method_not_allowed_fallback(method_not_allowed).route_layer(from_fn(remember_route));
    let door = Arc::new(Door { routes, health, random: Random::system(), time });
    // A router adds Allow to its answer after its own layers: the door stands around all of it.
    Router::new().fallback_service(service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    }))
}

/// Where every request comes in and every answer goes out. One function instead of a layer for each of its steps: axum copies all
/// that is inside of a layer for each request.
struct Door {
    routes: Router,
    health: Health,
    random: Random,
    time: Duration,
}

impl Door {
    async fn answer(&self, mut request: Request) -> Response {
        let span = trace::begin(self.health.service(), &self.random, &mut request);
        let answer = async {
            let started = Instant::now();
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let (id, version) = (self.request_id(&request), request.version());
            DefaultBodyLimit::max(MAX_BODY).apply(&mut request);
            let mut response = self.carry_out(drain_unread_body(request)).await;
            render_problem(&path, &mut response);
            response.headers_mut().insert(REQUEST_ID.clone(), id);
            self.say_farewell(version, &mut response);
            let route = response.extensions().get::<Route>().map_or("unmatched", |route| route.0.as_str());
            self.health.metrics().request(method.as_str(), route, response.status().as_u16(), started.elapsed());
            response
        };
        answer.instrument(span).await
    }

    /// Ends a request that takes too long, whatever it waits for, and one that panics; its transaction is rolled back.
    async fn carry_out(&self, request: Request) -> Response {
        let response = AssertUnwindSafe(self.routes.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.time, response).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(panic)) => Problem::internal(&cause(&*panic)).into_response(),
            Err(elapsed) => {
                let detail = "The request took too long. Try again shortly.";
                Problem::unavailable("timeout", detail, &elapsed).into_response()
            }
        }
    }

    /// Has the peer come by another connection next time, which a load balancer leads elsewhere: one that is closed while a request is
    /// on its way leaves the client without an answer. HTTP/2 has a word of its own for that, said when the connections are closed.
    fn say_farewell(&self, version: Version, response: &mut Response) {
        if self.health.is_stopping() && version <= Version::HTTP_11 {
            response.headers_mut().entry(header::CONNECTION).or_insert(HeaderValue::from_static("close"));
        }
    }

    fn request_id(&self, request: &Request) -> HeaderValue {
        let given = request.headers().get(&REQUEST_ID).filter(|id| id.len() <= 128).cloned();
        given.unwrap_or_else(|| {
            let id = self.random.uuid().to_string();
            HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
        })
    }
}

/// What a panic says.
fn cause(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic")
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

/// Gives a problem its body.
fn render_problem(path: &str, response: &mut Response) {
    // Paths and files that are not there are told by axum and by those who serve files, in their own way.
    let problem = response.extensions_mut().remove::<Problem>();
    let bare = response.status() == StatusCode::NOT_FOUND && !is_told(response);
    if let Some(problem) = problem.or_else(|| bare.then(|| Problem::not_found("path"))) {
        let body = problem.document(path).to_string();
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
}

/// Whether the handler said itself what is not there: to programs as a problem, to people as a page.
fn is_told(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/problem+json" || kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use axum::body::{Body, Bytes};
    use axum::routing::post;

    #[tokio::test]
    async fn a_body_that_comes_too_slowly_ends_the_request() {
        let routes = Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() }));
        let health = Health::new("test", "0", Metrics::new("test"), Vec::new());
        let router = around_within(Duration::from_millis(100), routes, health);
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
