//! Health: whether the sidecar is ready, and whether its outgoing side is.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::error::legacy;
use crate::sidecar::Sidecar;

/// The outgoing side is ready from the start: an app waits for it in its own start-up, and for the rest never.
pub(super) fn answer(sidecar: &Sidecar, outbound: bool) -> Response {
    if outbound || sidecar.is_ready() {
        return StatusCode::NO_CONTENT.into_response();
    }
    legacy(StatusCode::INTERNAL_SERVER_ERROR, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]")
}
