//! Load shedding: what a service cannot do in time it refuses at once, so that what it has taken on is finished.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Lets at most so many requests to `router` be in progress at a time; one more is answered 503 `overloaded` before any
/// work is done for it. A request is in progress until its response begins. What the fallbacks of `router` answer counts too.
pub fn at_most(requests: usize, router: Router) -> Router {
    let places = Arc::new(Semaphore::new(requests));
    router.layer(from_fn(move |request: Request, next: Next| {
        let place = Arc::clone(&places).try_acquire_owned();
        async move {
            match place {
                Ok(_place) => next.run(request).await,
                Err(_) => refuse(),
            }
        }
    }))
}

fn refuse() -> Response {
    // Not a line for each: they come by the thousand, and http_request_duration_seconds counts them.
    tracing::debug!("a request was refused: too many are in progress");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Temporarily unavailable")
        .detail("There is more to do right now than can be done in time. Send the request again in a second.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
        .into_response()
}
