//! The HTTP API, by daprd's own rules of routing: what no API claims is an invocation.

mod error;
mod health;
mod invoke;
mod jobs;
mod metadata;
mod path;
mod publish;
mod secrets;
mod web_page;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use platform::dapr::API_TOKEN;
use tokio::net::TcpListener;

use crate::sidecar::Sidecar;
use path::Operation;

/// The largest body, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Serves the HTTP API until the sidecar stops; requests under way are finished.
pub(crate) async fn serve(sidecar: Sidecar, listener: TcpListener) {
    let stop = sidecar.stop.clone();
    let listener = listener.tap_io(|stream| {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(answer).with_state(sidecar);
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    if let Err(error) = served.await {
        tracing::error!(%error, "the HTTP API of a sidecar failed");
    }
}

async fn answer(State(sidecar): State<Sidecar>, request: Request) -> Response {
    if let Some(refusal) = web_page::refuse(&request) {
        return refusal;
    }
    let operation = path::operation(request.method(), request.uri().path());
    if let Operation::Health { outbound } = operation {
        return health::answer(&sidecar, outbound);
    }
    if !sidecar.admits(request.headers().get(API_TOKEN).map(axum::http::HeaderValue::as_bytes)) {
        return (StatusCode::UNAUTHORIZED, "invalid api token\n").into_response();
    }
    match operation {
        Operation::Publish { pubsub, topic } => publish::one(&sidecar, pubsub, topic, request).await,
        Operation::BulkPublish { pubsub, topic } => publish::bulk(&sidecar, pubsub, topic, request).await,
        Operation::ScheduleJob { name } => jobs::schedule(&sidecar, &name, request).await,
        Operation::Job { name } => jobs::show(&sidecar, &name).await,
        Operation::DeleteJob { name } => jobs::delete(&sidecar, &name).await,
        Operation::Secret { store, key } => secrets::one(&sidecar, &store, &key),
        Operation::Secrets { store } => secrets::all(&sidecar, &store),
        Operation::Metadata => metadata::show(&sidecar),
        Operation::SetMetadata { key } => metadata::set(&sidecar, key, request).await,
        Operation::Shutdown => {
            sidecar.stop.cancel();
            StatusCode::NO_CONTENT.into_response()
        }
        Operation::Unsupported { api } => error::unsupported(api),
        Operation::Invoke | Operation::Health { .. } => invoke::answer(&sidecar, request).await,
    }
}

/// A body within the limit.
///
/// # Errors
/// With daprd's words for a body above it.
async fn read(body: Body) -> Result<Bytes, &'static str> {
    to_bytes(body, MAX_BODY).await.map_err(|_| "stream too large")
}

fn is_write(method: &Method) -> bool {
    method == Method::POST || method == Method::PUT
}
