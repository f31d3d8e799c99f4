//! A sidecar behind which backend-api knows what a test tells it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What backend-api knows.
#[derive(Clone)]
pub(crate) struct Backend(Arc<Mutex<Known>>, watch::Sender<bool>);

#[derive(Default)]
struct Known {
    /// Each task as it is now.
    tasks: BTreeMap<String, Value>,
    /// Who may see everything.
    members: Vec<String>,
    is_away: bool,
    questions: usize,
}

/// How backend-api knows a person.
fn person(user_id: &str) -> Value {
    let mut name = user_id.to_owned();
    name[..1].make_ascii_uppercase();
    json!({
        "user_id": user_id, "email": format!("{user_id}@example.org"), "first_name": name, "last_name": "",
        "timezone": "Europe/Berlin",
    })
}

impl Backend {
    /// Starts it with these people, who may see everything; gives the port of the sidecar before it.
    pub(crate) async fn start(members: &[&str]) -> (u16, Self) {
        let known = Known { members: members.iter().map(|&member| member.to_owned()).collect(), ..Known::default() };
        let backend = Self(Arc::new(Mutex::new(known)), watch::Sender::new(false));
        let method = "/v1.0/invoke/backend-api/method/internal";
        let router = Router::new()
            .route(&format!("{method}/recipients"), post(recipients))
            .route(&format!("{method}/people"), post(people))
            .with_state(backend.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (port, backend)
    }

    /// The task of an event is now so.
    pub(crate) fn knows(&self, event: &Value) {
        let task = event["task_data"].clone();
        self.0.lock().unwrap().tasks.insert(task["id"].as_str().unwrap().to_owned(), task);
    }

    /// The user may see nothing any more.
    pub(crate) fn shut_out(&self, user_id: &str) {
        self.0.lock().unwrap().members.retain(|member| member != user_id);
    }

    /// Whether it answers.
    pub(crate) fn is_away(&self, is_away: bool) {
        self.0.lock().unwrap().is_away = is_away;
    }

    /// Whether it keeps its answers to itself.
    pub(crate) fn is_silent(&self, is_silent: bool) {
        self.1.send_replace(is_silent);
    }

    /// How often it was asked about tasks.
    pub(crate) fn questions(&self) -> usize {
        self.0.lock().unwrap().questions
    }
}

async fn recipients(
    State(Backend(known, silent)): State<Backend>,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    known.lock().unwrap().questions += 1;
    silent.subscribe().wait_for(|silent| !silent).await.unwrap();
    let known = known.lock().unwrap();
    if known.is_away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let asked = question["task_ids"].as_array().unwrap();
    assert_eq!(question.as_object().unwrap().len(), 1, "{question}");
    assert!((1..=500).contains(&asked.len()), "{}", asked.len());
    let found = asked.iter().filter_map(|id| known.tasks.get(id.as_str().unwrap()));
    Ok(Json(json!({ "tasks": found.map(|task| audience(task, &known.members)).collect::<Vec<_>>() })))
}

fn audience(task: &Value, members: &[String]) -> Value {
    let status = if task.get("deleted_at").is_some() {
        "deleted"
    } else if task.get("archived_at").is_some() {
        "archived"
    } else if task["completed"] == true {
        "completed"
    } else {
        "open"
    };
    let mut people: Vec<&str> =
        ["user_id", "reporter", "assignee"].iter().filter_map(|role| task[role].as_str()).collect();
    people.sort_unstable();
    people.dedup();
    people.retain(|user_id| members.iter().any(|member| member == user_id));
    json!({
        "id": task["id"], "workspace_id": task["workspace_id"], "title": task["title"], "due_date": task.get("due_date"),
        "status": status, "version": task["version"], "people": people.into_iter().map(person).collect::<Vec<_>>(),
    })
}

async fn people(
    State(Backend(known, _)): State<Backend>,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let known = known.lock().unwrap();
    if known.is_away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let asked = question["user_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
    let found = asked.filter(|id| known.members.iter().any(|member| member == id)).map(person);
    Ok(Json(json!({ "people": found.collect::<Vec<_>>() })))
}
