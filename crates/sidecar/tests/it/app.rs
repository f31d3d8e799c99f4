//! An app that writes down what it is asked and answers as the test tells it.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One request that the app received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    fn is_at(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the delivery is JSON")
    }

    pub(crate) fn data(&self) -> Value {
        self.event()["data"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("the header is text"))
    }
}

/// What the app answers: status, headers and body.
pub(crate) struct Answer(pub u16, pub Vec<(&'static str, String)>, pub String);

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self(status, Vec::new(), String::new())
    }
}

impl From<&str> for Answer {
    fn from(body: &str) -> Self {
        Self(200, Vec::new(), body.to_owned())
    }
}

/// Decides by the request and by how many there were before it on that path.
type Script = dyn Fn(&Received, usize) -> Answer + Send + Sync;

#[derive(Clone)]
pub(crate) struct TestApp {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    script: Arc<Mutex<Arc<Script>>>,
    stop: CancellationToken,
}

impl TestApp {
    /// An app at a free port that subscribes to what the JSON says and answers 200 to everything.
    pub(crate) async fn start(subscriptions: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a free port");
        Self::start_at(listener, subscriptions)
    }

    pub(crate) fn start_at(listener: TcpListener, subscriptions: &Value) -> Self {
        let port = listener.local_addr().expect("the port").port();
        let script: Arc<Script> = Arc::new(|_, _| 200.into());
        let script = Arc::new(Mutex::new(script));
        let app = Self { port, received: Arc::default(), script, stop: CancellationToken::new() };
        let list = subscriptions.to_string();
        let state = (app.clone(), Arc::new(list));
        let router = Router::new().fallback(receive).with_state(state);
        let stop = app.stop.clone();
        tokio::spawn(async move {
            let stopped = async move { stop.cancelled().await };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        app
    }

    /// Ends the app; its port is kept, and refuses connections until the socket listens.
    pub(crate) async fn stop(&self) -> TcpSocket {
        self.stop.cancel();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of the socket");
        assert!(until(|| async { socket.bind(address).is_ok() }).await, "the app's port did not become free");
        socket
    }

    /// From now on, answers as `script` says.
    pub(crate) fn answer(&self, script: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// What was received under `path` (without query).
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        let received = self.received.lock().unwrap();
        received.iter().filter(|one| one.is_at(path)).cloned().collect()
    }

    /// Waits until at least `count` requests came under `path`.
    pub(crate) async fn wait_for(&self, path: &str, count: usize) -> Vec<Received> {
        let came = until(|| async { self.received(path).len() >= count }).await;
        let received = self.received(path);
        assert!(came, "{count} requests at {path} were expected, {} came", received.len());
        received
    }
}

/// Holds answers back until it is opened. The runtime needs threads to spare.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Waits until it is open, or the test has failed anyway.
    pub(crate) fn pass(&self) {
        let (open, opened) = &*self.0;
        let wait = || drop(opened.wait_timeout_while(open.lock().unwrap(), DEADLINE, |open| !*open).unwrap());
        tokio::task::block_in_place(wait);
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

async fn receive(State((app, list)): State<(TestApp, Arc<String>)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("read the body");
    let path = parts.uri.path_and_query().expect("a path").to_string();
    let received = Received { method: parts.method, path, headers: parts.headers, body };
    let before = {
        let mut all = app.received.lock().unwrap();
        let before = all.iter().filter(|one| one.is_at(parts.uri.path())).count();
        all.push(received.clone());
        before
    };
    let script = app.script.lock().unwrap().clone();
    let Answer(status, headers, body) = match parts.uri.path() {
        "/dapr/config" => "{}".into(),
        "/dapr/subscribe" if list.as_str() != "null" => list.as_str().into(),
        _ => script(&received, before),
    };
    let response =
        headers.into_iter().fold(Response::builder().status(status), |r, (name, value)| r.header(name, value));
    response.body(Body::from(body)).expect("an answer")
}

/// Whether `condition` came true before the deadline.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) -> bool {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if condition().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}
