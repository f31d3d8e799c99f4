//! Replies as HTTP responses.

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::link;
use crate::store::reply::Reply;

static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.body {
            Some(body) => (status, axum::Json(body)).into_response(),
            None => status.into_response(),
        };
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.etag)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A page of a list that was asked for at `uri`, with a `Link` to the next one if there is one.
pub fn page(uri: &Uri, page: &impl Serialize, next_cursor: Option<&str>) -> Response {
    let mut response = axum::Json(page).into_response();
    if let Some(link) = next_cursor.and_then(|cursor| link::next(uri, cursor)) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// The response, not to be kept by caches: it holds a secret.
pub fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer that the request got before, marked as such.
pub fn replayed(reply: Reply) -> Response {
    let mut response = reply.into_response();
    response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    response
}
