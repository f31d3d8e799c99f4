//! A server that keeps what it was asked, and answers what it was told to.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    #[track_caller]
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered: a status, headers, and a JSON document.
pub(super) type Answer = (StatusCode, &'static [(&'static str, &'static str)], Value);

pub(super) struct Provider {
    pub(super) url: String,
    pub(super) requests: Arc<Mutex<Vec<Request>>>,
}

impl Provider {
    /// Answers every request with `answer`; without one, none.
    pub(super) async fn start(answer: Option<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = requests.clone();
        let router = Router::new().fallback(move |method, uri, headers, body| async move {
            seen.lock().unwrap().push(Request { method, uri, headers, body });
            let Some((status, headers, body)) = answer else { return std::future::pending().await };
            let headers: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            (status, headers, Json(body)).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, requests }
    }

    /// The one request that it had.
    #[track_caller]
    pub(super) fn request(&self) -> Request {
        let [request] = self.requests().try_into().unwrap();
        request
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}
