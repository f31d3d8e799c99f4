//! Draining the bodies of requests that were answered before their end: a lingering close.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use axum::http::header;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::runtime::Handle;

/// How much of a body is drained after its request was refused, in bytes.
const MAX_REST: usize = 64 * 1024 * 1024;

/// For how long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Drains the body of a request that is answered before all of it has come. A connection that is closed on a client that still
/// sends is reset, and the client never sees the answer (RFC 9112 §9.6).
pub(crate) fn drain_unread_body(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    // A client that waits for leave to send its body (RFC 9110 §10.1.1) gets it when somebody begins to read.
    let coming = !request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::from_stream(DrainedOnDrop { rest: Some(body.into_data_stream()), coming }))
}

/// A body whose rest is drained when it is dropped, if it is coming at all.
struct DrainedOnDrop {
    rest: Option<BodyDataStream>,
    coming: bool,
}

impl Stream for DrainedOnDrop {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.coming = true;
        let Some(body) = &mut self.rest else { return Poll::Ready(None) };
        let next = std::task::ready!(body.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for DrainedOnDrop {
    fn drop(&mut self) {
        let rest = self.rest.take().filter(|_| self.coming);
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, drain(rest)));
        }
    }
}

async fn drain(mut rest: BodyDataStream) {
    let mut read = 0;
    while let Some(Ok(bytes)) = rest.next().await {
        read += bytes.len();
        if read > MAX_REST {
            return;
        }
    }
}
