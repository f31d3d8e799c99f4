//! The sidecar's HTTP port with backend-api behind it, played by the test: the two internal endpoints that
//! websocket-service invokes answer as the contract between the two services says.
//! The same paths through a real backend-api are tested where all services run together.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use uuid::Uuid;

const INVOKE: &str = "/v1.0/invoke/backend-api/method/internal";

/// What backend-api knows.
pub(crate) struct Backend {
    workspaces: Mutex<HashMap<String, Vec<Value>>>,
    tickets: Mutex<HashMap<String, Value>>,
    /// The bodies of the questions for memberships, in order.
    asked: Mutex<Vec<Value>>,
    /// Answers for memberships wait for a permit.
    gate: Semaphore,
    away: AtomicBool,
}

impl Backend {
    /// Starts it; it ends with the test's runtime.
    pub(crate) async fn start() -> (Arc<Self>, SocketAddr) {
        let backend = Arc::new(Self {
            workspaces: Mutex::default(),
            tickets: Mutex::default(),
            asked: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            away: AtomicBool::new(false),
        });
        let router = Router::new()
            .route(&format!("{INVOKE}/memberships"), post(memberships))
            .route(&format!("{INVOKE}/ws-tickets/redeem"), post(redeem))
            .route("/v1.0/healthz/outbound", get(|| async { StatusCode::NO_CONTENT }))
            .with_state(Arc::clone(&backend));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (backend, address)
    }

    /// Makes the user a member of a workspace that stands at `sequence`; the first is their personal one.
    pub(crate) fn member(&self, user: &str, workspace: Uuid, sequence: i64) {
        let mut all = self.workspaces.lock().unwrap();
        let of_user = all.entry(user.to_owned()).or_default();
        let personal = of_user.is_empty();
        of_user.push(json!({"id": workspace, "sequence": sequence, "personal": personal}));
    }

    /// Issues a ticket that opens one session until `expires_at` (RFC 3339).
    pub(crate) fn ticket(&self, ticket: &str, user: &str, expires_at: &str) {
        let answer = json!({"user_id": user, "expires_at": expires_at});
        self.tickets.lock().unwrap().insert(ticket.to_owned(), answer);
    }

    pub(crate) fn set_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    /// From now on answers for memberships wait for [`Backend::open_gate`].
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(100);
    }

    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

async fn memberships(State(backend): State<Arc<Backend>>, Json(body): Json<Value>) -> Response {
    backend.asked.lock().unwrap().push(body.clone());
    if backend.away.load(Ordering::SeqCst) {
        return away();
    }
    let _permit = backend.gate.acquire().await.unwrap();
    let workspaces = backend.workspaces.lock().unwrap().get(body["user_id"].as_str().unwrap()).cloned();
    Json(json!({"workspaces": workspaces.unwrap_or_default()})).into_response()
}

async fn redeem(State(backend): State<Arc<Backend>>, Json(body): Json<Value>) -> Response {
    if backend.away.load(Ordering::SeqCst) {
        return away();
    }
    let redeemed = backend.tickets.lock().unwrap().remove(body["ticket"].as_str().unwrap());
    redeemed.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |answer| Json(answer).into_response())
}

/// As daprd answers when the app is not there.
fn away() -> Response {
    let body = json!({"errorCode": "ERR_DIRECT_INVOKE", "message": "failed to invoke"});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
