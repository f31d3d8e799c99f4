//! The app that the suite puts behind the sidecar: it writes down what it is asked and answers as the row says.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::case::{Answers, Reply, Setup, status};

/// The data of an event that only says that everything before it is done.
pub(crate) const LAST: &str = "last";

/// One request that the app received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) began: Instant,
    pub(crate) ended: Option<Instant>,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Default)]
struct Record {
    received: HashMap<String, Vec<Received>>,
    last: HashMap<String, usize>,
    answers: Vec<Answers>,
    unwell: bool,
}

/// The app; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) port: u16,
    setup: Setup,
    record: Arc<Mutex<Record>>,
    socket: Arc<Mutex<Option<TcpSocket>>>,
    stop: CancellationToken,
    serving: TaskTracker,
}

impl App {
    /// An app that holds a free port, and refuses connections until it listens.
    pub(crate) fn bind(setup: Setup) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let port = socket.local_addr()?.port();
        let socket = Arc::new(Mutex::new(Some(socket)));
        Ok(Self {
            port,
            setup,
            record: Arc::default(),
            socket,
            stop: CancellationToken::new(),
            serving: TaskTracker::new(),
        })
    }

    /// Begins to listen.
    pub(crate) fn listen(&self) -> anyhow::Result<()> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = anyhow::Context::context(socket, "the app listens already")?.listen(1_024)?;
        let router = Router::new().fallback(receive).with_state(self.clone());
        let stop = self.stop.clone();
        self.serving.spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await }).await
        });
        Ok(())
    }

    /// Ends when every answer under way is sent, so that nothing is delivered again to whoever comes next.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stop.cancel();
        self.serving.close();
        let _ = tokio::time::timeout(patience, self.serving.wait()).await;
    }

    /// Forgets what it received, and answers by `answers` from now on.
    pub(crate) fn begin(&self, answers: &[Answers]) {
        *self.record() = Record { answers: answers.to_vec(), ..Record::default() };
    }

    /// Answers health checks so from now on.
    pub(crate) fn is_well(&self, well: bool) {
        self.record().unwell = !well;
    }

    /// What came under `path`, without last events.
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        self.record().received.get(path).cloned().unwrap_or_default()
    }

    /// How many last events came under `path`.
    pub(crate) fn last(&self, path: &str) -> usize {
        self.record().last.get(path).copied().unwrap_or_default()
    }

    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the request down, says where, and what to answer.
    fn write_down(&self, path: &str, received: Received) -> (Option<usize>, Reply) {
        let mut record = self.record();
        if received.json()["data"] == LAST {
            *record.last.entry(path.to_owned()).or_default() += 1;
            return (None, status(200));
        }
        if self.setup.health_path == Some(path) {
            return (None, status(if record.unwell { 503 } else { 204 }));
        }
        let all = record.received.entry(path.to_owned()).or_default();
        all.push(received);
        let place = all.len() - 1;
        let answers = record.answers.iter().find(|answers| answers.path == path);
        let reply = answers.and_then(|answers| {
            let last = if answers.for_ever { answers.replies.last() } else { None };
            answers.replies.get(place).or(last)
        });
        (Some(place), reply.cloned().unwrap_or_else(|| status(200)))
    }

    fn answered(&self, path: &str, place: usize) {
        if let Some(one) = self.record().received.get_mut(path).and_then(|all| all.get_mut(place)) {
            one.ended = Some(Instant::now());
        }
    }
}

async fn receive(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let received = Received { method: parts.method, headers: parts.headers, body, began: Instant::now(), ended: None };
    let (place, reply) = app.write_down(&path, received);
    tokio::time::sleep(Duration::from_millis(reply.takes)).await;
    let (code, body) = match path.as_str() {
        "/dapr/config" => (200, "{}".to_owned()),
        "/dapr/subscribe" => (app.setup.subscribe_status, app.setup.subscriptions.to_string()),
        _ => (reply.status, reply.body.to_owned()),
    };
    if let Some(place) = place {
        app.answered(&path, place);
    }
    let answer = Response::builder().status(code);
    let answer = reply.headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
    answer.body(Body::from(body)).unwrap_or_default()
}
