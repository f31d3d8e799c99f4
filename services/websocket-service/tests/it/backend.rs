//! The sidecar's HTTP port with backend-api behind it, played by the test: the internal endpoints that websocket-service
//! invokes answer as the contract between the two services says.
//! The same paths through a real backend-api are tested where all services run together.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
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
    /// The events of each workspace by their numbers.
    history: Mutex<HashMap<Uuid, BTreeMap<i64, Value>>>,
    /// The bodies of the questions for memberships, in order.
    asked: Mutex<Vec<Value>>,
    /// What every question for memberships is refused with.
    refusal: Mutex<Option<(u16, Value)>>,
    /// Answers for memberships wait for a permit.
    gate: Semaphore,
    /// Answers for history wait for a permit.
    history_gate: Semaphore,
    /// How many questions for history there were, how many are open, and how many were at once.
    pub(crate) reads: AtomicUsize,
    open_reads: AtomicUsize,
    pub(crate) reads_at_once: AtomicUsize,
    away: AtomicBool,
}

impl Backend {
    /// Starts it; it ends with the test's runtime.
    pub(crate) async fn start() -> (Arc<Self>, SocketAddr) {
        let backend = Arc::new(Self {
            workspaces: Mutex::default(),
            tickets: Mutex::default(),
            history: Mutex::default(),
            asked: Mutex::default(),
            refusal: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            history_gate: Semaphore::new(Semaphore::MAX_PERMITS),
            reads: AtomicUsize::default(),
            open_reads: AtomicUsize::default(),
            reads_at_once: AtomicUsize::default(),
            away: AtomicBool::new(false),
        });
        let router = Router::new()
            .route(&format!("{INVOKE}/memberships"), post(memberships))
            .route(&format!("{INVOKE}/sequences"), post(sequences))
            .route(&format!("{INVOKE}/changes"), get(changes))
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

    /// Makes the user a member no more.
    pub(crate) fn dismiss(&self, user: &str, workspace: Uuid) {
        self.workspaces.lock().unwrap().get_mut(user).unwrap().retain(|member| member["id"] != json!(workspace));
    }

    /// Makes the workspace stand at `sequence` for its members.
    pub(crate) fn stand_at(&self, workspace: Uuid, sequence: i64) {
        for member in self.workspaces.lock().unwrap().values_mut().flatten() {
            if member["id"] == json!(workspace) {
                member["sequence"] = json!(sequence);
            }
        }
    }

    /// Keeps an event.
    pub(crate) fn record(&self, event: &Value) {
        let workspace = event["organization_id"].as_str().unwrap().parse().unwrap();
        let number = event["sequence"].as_i64().unwrap();
        self.history.lock().unwrap().entry(workspace).or_default().insert(number, event.clone());
    }

    /// Keeps the events up to `sequence` no more.
    pub(crate) fn forget(&self, workspace: Uuid, sequence: i64) {
        self.history.lock().unwrap().get_mut(&workspace).unwrap().retain(|number, _| *number > sequence);
    }

    /// Issues a ticket that opens one session until `expires_at` (RFC 3339).
    pub(crate) fn ticket(&self, ticket: &str, user: &str, expires_at: &str) {
        let answer = json!({"user_id": user, "expires_at": expires_at});
        self.tickets.lock().unwrap().insert(ticket.to_owned(), answer);
    }

    pub(crate) fn set_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    pub(crate) fn refuse_memberships(&self, status: u16, body: Value) {
        *self.refusal.lock().unwrap() = Some((status, body));
    }

    /// From now on answers for memberships wait for [`Backend::open_gate`].
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(100);
    }

    /// From now on answers for history, which are made before, wait for [`Backend::let_read`].
    pub(crate) fn close_history(&self) {
        self.history_gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets so many answers for history go.
    pub(crate) fn let_read(&self, answers: usize) {
        self.history_gate.add_permits(answers);
    }

    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    /// A page of history as it is now; `None` for who is no member.
    fn page(&self, question: &HashMap<String, String>) -> Option<Value> {
        let workspace: Uuid = question["workspace_id"].parse().unwrap();
        let members = self.workspaces.lock().unwrap();
        let member = members.get(&question["user_id"])?.iter().find(|member| member["id"] == json!(workspace))?;
        let history = self.history.lock().unwrap();
        let (after, limit): (i64, usize) = (question["after"].parse().unwrap(), question["limit"].parse().unwrap());
        let kept = history.get(&workspace);
        let last = kept.and_then(|events| events.keys().last()).copied().unwrap_or_default();
        let sequence = last.max(member["sequence"].as_i64().unwrap());
        let later = kept.into_iter().flat_map(|events| events.range(after + 1..));
        let unbroken = (after + 1..).zip(later).take_while(|(expected, (number, _))| expected == *number);
        let changes: Vec<&Value> = unbroken.map(|(_, (_, event))| event).take(limit).collect();
        let resync_required = after > sequence || (after < sequence && changes.is_empty());
        Some(json!({"changes": changes, "sequence": sequence, "resync_required": resync_required}))
    }
}

async fn memberships(State(backend): State<Arc<Backend>>, Json(body): Json<Value>) -> Response {
    backend.asked.lock().unwrap().push(body.clone());
    if backend.is_away() {
        return away();
    }
    if let Some((status, body)) = backend.refusal.lock().unwrap().clone() {
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    let _permit = backend.gate.acquire().await.unwrap();
    let workspaces = backend.workspaces.lock().unwrap().get(body["user_id"].as_str().unwrap()).cloned();
    Json(json!({"workspaces": workspaces.unwrap_or_default()})).into_response()
}

async fn changes(State(backend): State<Arc<Backend>>, Query(question): Query<HashMap<String, String>>) -> Response {
    if backend.is_away() {
        return away();
    }
    let open = backend.open_reads.fetch_add(1, Ordering::SeqCst) + 1;
    backend.reads_at_once.fetch_max(open, Ordering::SeqCst);
    let page = backend.page(&question);
    backend.reads.fetch_add(1, Ordering::SeqCst);
    backend.history_gate.acquire().await.unwrap().forget();
    backend.open_reads.fetch_sub(1, Ordering::SeqCst);
    let not_found = || (StatusCode::NOT_FOUND, Json(json!({"code": "not_found"}))).into_response();
    page.map_or_else(not_found, |page| Json(page).into_response())
}

/// The workspaces of the question that somebody is a member of.
async fn sequences(State(backend): State<Arc<Backend>>, Json(body): Json<Value>) -> Response {
    if backend.is_away() {
        return away();
    }
    let ids = body["workspace_ids"].as_array().unwrap();
    let members = backend.workspaces.lock().unwrap();
    let known = members.values().flatten().filter(|member| ids.contains(&member["id"]));
    let sequences: HashMap<&str, &Value> =
        known.map(|member| (member["id"].as_str().unwrap(), &member["sequence"])).collect();
    Json(json!({ "sequences": sequences })).into_response()
}

async fn redeem(State(backend): State<Arc<Backend>>, Json(body): Json<Value>) -> Response {
    if backend.is_away() {
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
