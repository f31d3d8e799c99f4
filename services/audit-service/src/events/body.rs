//! The body of a delivery.

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;

/// What was delivered.
pub(super) enum Message {
    /// All of it.
    Whole(Bytes),
    /// As much as may be kept of a larger one.
    Cut(Bytes),
}

/// Reads to the end even what is larger than `limit` bytes, so that the sidecar hears the answer instead of a broken
/// connection.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Message, axum::Error> {
    let mut bytes = Vec::new();
    let mut cut = false;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = limit - bytes.len();
        cut |= data.len() > room;
        bytes.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(if cut { Message::Cut(bytes.into()) } else { Message::Whole(bytes.into()) })
}
