//! From a router to a running service, and back down: readiness off, drain, stop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::ServiceConfig;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::random::Random;
use crate::trace;

/// The largest request body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A service that is ready to be served.
#[derive(Debug)]
pub struct Service {
    /// Its own routes.
    pub router: Router,
    /// Its health; the four health routes are added to `router`.
    pub health: Health,
    /// Its background work; each task ends when `background_stop` is cancelled.
    pub background: TaskTracker,
    /// Stops the background work, after the last request was answered.
    pub background_stop: CancellationToken,
}

/// Serves until `shutdown`, then turns readiness off, lets requests under way finish for at most `drain`, and stops the
/// background work.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    service: Service,
    listener: TcpListener,
    drain: Duration,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Service { router, health, background, background_stop } = service;
    let name = health.service();
    let address = listener.local_addr()?;
    let router = finish(router.merge(health.router()), name, health.metrics().clone());
    let listener = listener.tap_io(|stream| {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
    });
    tracing::info!(service = name, %address, "listening");

    let stop = shutdown.clone();
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { stop.cancelled().await });
    let deadline = async {
        shutdown.cancelled().await;
        health.stop();
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        served = serving => served?,
        () = deadline => tracing::warn!(service = name, ?drain, "requests still under way were cut off"),
    }
    background_stop.cancel();
    background.close();
    if tokio::time::timeout(Duration::from_secs(3), background.wait()).await.is_err() {
        tracing::warn!(service = name, "background work was cut off");
    }
    tracing::info!(service = name, "stopped");
    Ok(())
}

/// Adds what every router has: problems for what the router itself refuses, panics caught, request ids, trace context,
/// metrics, the body limit.
fn finish(router: Router, service: &'static str, metrics: Metrics) -> Router {
    let random = Random::system();
    let ids = random.clone();
    router
        .fallback(|| async { Problem::not_found("path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
                .detail("This path does not answer that method; see Allow.")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // Inside the matched route, so that the metrics know its pattern.
        .route_layer(from_fn(remember_route))
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
        let bytes = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
        HeaderValue::from_str(&bytes.to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    });
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let body = problem.document(&path).to_string();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.remove(header::CONTENT_LENGTH);
        *response.body_mut() = body.into();
    }
    response.headers_mut().insert(REQUEST_ID.clone(), id);
    response
}

async fn measure(metrics: Metrics, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = response.extensions().get::<Route>().map_or("unmatched", |route| route.0.as_str());
    metrics.request(method.as_str(), route, response.status().as_u16(), started.elapsed());
    response
}

/// The listener that the settings ask for.
///
/// # Errors
/// When the port is taken or may not be had; the text says which.
pub async fn bind(config: &ServiceConfig) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(config.bind_address, config.port);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another PORT or free it"))
}

/// Cancelled at the first SIGINT or SIGTERM; a second signal ends the process at once.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn shutdown_on_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        stop.cancel();
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(130);
    });
    Ok(token)
}
