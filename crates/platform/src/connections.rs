//! Connections: taken, bounded in time while they ask nothing, and closed in good order.
//!
//! What is no HTTP at all hyper refuses by itself, with 400, 414 or 431 and no body: no handler sees it, so it is no problem
//! document.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a connection may be there without a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until the head of its first request has come.
    first: Duration,
    /// Until the head of each further request has come. Longer than the minute for which load balancers keep connections
    /// that they may use again.
    next: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_secs(10), next: Duration::from_secs(75) }
    }
}

/// Serves until `last_call`: then no connection is taken any more, idle ones are closed, and the others after the response
/// that is under way. What is left at `cut` is closed at once.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    patience: Patience,
    last_call: CancellationToken,
    cut: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.next);
    // A peer that is gone without a farewell.
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.next).keep_alive_timeout(patience.first);
    let (builder, graceful) = (Arc::new(builder), GracefulShutdown::new());
    loop {
        // axum's listener waits when there are too many open files, and goes on.
        let (stream, peer) = tokio::select! {
            () = last_call.cancelled() => break,
            accepted = axum::serve::Listener::accept(&mut listener) => accepted,
        };
        let connection =
            Connection { builder: Arc::clone(&builder), router: router.clone(), peer, first: patience.first };
        let (watcher, cut) = (graceful.watcher(), cut.clone());
        tokio::spawn(async move {
            tokio::select! { () = cut.cancelled() => {}, () = connection.serve(stream, watcher) => {} }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

struct Connection {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    peer: SocketAddr,
    first: Duration,
}

impl Connection {
    async fn serve(self, stream: TcpStream, watcher: Watcher) {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let asked = Arc::new(AtomicBool::new(false));
        let service = {
            let asked = Arc::clone(&asked);
            self.router.map_request(move |request: Request<_>| {
                asked.store(true, Ordering::Relaxed);
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(self.peer));
                request
            })
        };
        let connection =
            self.builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = pin!(watcher.watch(connection.into_owned()));
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = tokio::time::sleep(self.first) => {
                if !asked.load(Ordering::Relaxed) {
                    return;
                }
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(error, "a connection broke");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(100);
    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn connect(patience: Patience) -> (TcpStream, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "hello" }));
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, patience, stop.clone(), stop.clone()));
        (TcpStream::connect(address).await.unwrap(), stop)
    }

    /// What the service sends until it closes.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("it is closed in time").unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn who_never_asks_is_closed() {
        for beginning in ["", "G", "GET / HTTP/1.1\r\nhost: a\r\n", "PRI * HTTP/2.0\r\n"] {
            let (mut stream, _stop) = connect(Patience { first: SHORT, next: LONG * 2 }).await;
            stream.write_all(beginning.as_bytes()).await.unwrap();
            assert_eq!(rest(&mut stream).await, "", "{beginning}");
        }
    }

    #[tokio::test]
    async fn who_asks_no_more_is_closed_later() {
        for beginning in ["", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            let (mut stream, _stop) = connect(Patience { first: LONG * 2, next: SHORT }).await;
            stream.write_all(GET).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let rest = rest(&mut stream).await;
            assert!(rest.starts_with("HTTP/1.1 200 ") && rest.ends_with("hello"), "{rest}");
        }
    }

    #[tokio::test]
    async fn who_asked_in_time_may_ask_again() {
        let (mut stream, stop) = connect(Patience { first: SHORT, next: LONG * 2 }).await;
        stream.write_all(GET).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        // Past the time for the first one.
        tokio::time::sleep(SHORT * 2).await;
        stream.write_all(GET).await.unwrap();
        let mut seen = head.to_vec();
        while String::from_utf8_lossy(&seen).matches("hello").count() < 2 {
            seen.push(timeout(LONG, stream.read_u8()).await.unwrap().expect("it is still open"));
        }
        stop.cancel();
        assert_eq!(rest(&mut stream).await, "");
    }
}
