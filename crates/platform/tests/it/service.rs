//! A small service for tests, and a client that speaks HTTP/1.1 by hand.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use platform::config::Drain;
use platform::health::Health;
use platform::lifecycle::{self, Service};
use platform::metrics::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A running service.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Serves `router`, with the health routes, on a free port.
    pub(crate) async fn start(router: Router) -> Self {
        Self::draining(router, Drain { lame_duck: Duration::ZERO, requests: Duration::from_secs(5) }).await
    }

    /// The same, with another way to stop.
    pub(crate) async fn draining(router: Router, drain: Drain) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let service = Service {
            router,
            health: Health::new("test", "0.0.0", Metrics::new("test"), Vec::new()),
            background: TaskTracker::new(),
            background_stop: CancellationToken::new(),
        };
        let serving = tokio::spawn(lifecycle::serve(service, listener, drain, shutdown.clone()));
        Self { address, shutdown, serving }
    }

    /// A client that sends what is well-formed.
    pub(crate) fn client(&self) -> testkit::http::Client {
        testkit::http::Client::new(format!("http://{}", self.address))
    }

    /// A connection on which a test sends what it likes.
    pub(crate) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Waits until the service has stopped.
    pub(crate) async fn stopped(self) {
        timeout(DEADLINE, self.serving).await.expect("it stops in time").unwrap().unwrap();
    }
}

/// A connection.
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Sends bytes as they are; the answer is whether the other side still takes them.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends a GET.
    pub(crate) async fn get(&mut self, path: &str) {
        assert!(self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await);
    }

    /// The next response: its status and its body, whose length must be told.
    pub(crate) async fn response(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(DEADLINE, self.0.read_u8()).await.expect("an answer in time").expect("an answer"));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        timeout(DEADLINE, self.0.read_exact(&mut body)).await.expect("a body in time").expect("a body");
        (status, String::from_utf8(body).unwrap())
    }

    /// Waits until the other side closes; what it still sends is returned.
    pub(crate) async fn closed(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset is a close too.
        let _ = timeout(DEADLINE, self.0.read_to_end(&mut rest)).await.expect("it is closed in time");
        String::from_utf8_lossy(&rest).into_owned()
    }
}
