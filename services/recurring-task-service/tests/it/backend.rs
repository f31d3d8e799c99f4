//! A sidecar behind which backend-api keeps the tasks that it was asked for.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::service::DEADLINE;

/// An answer that is none.
type Failed = (StatusCode, Json<Value>);

/// What backend-api keeps.
#[derive(Clone, Default)]
pub(crate) struct Backend(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Each task as it was asked for, in the order in which they were made.
    tasks: Vec<Value>,
    /// The ids of those that are deleted, put away, or touched by somebody.
    deleted: Vec<Value>,
    archived: Vec<Value>,
    touched: Vec<Value>,
    /// What was asked, in order: `make 2`, `withdraw`, `archive`.
    asked: Vec<String>,
    /// In which traces it was asked to make tasks.
    traces: Vec<Option<String>>,
    behaviour: Behaviour,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behaviour {
    #[default]
    Well,
    /// Nobody is there.
    Away,
    /// It does what is asked, and the answer is lost.
    Mute,
    /// The first one that asks never hears of it.
    HangsOnce,
    /// It takes its time, and does then what it was asked.
    Holds,
    /// The workspace is gone.
    Refuses,
    /// It has a fault that shows with every other task.
    IsFaulty,
}

impl Backend {
    /// Starts it; gives the port of the sidecar before it.
    pub(crate) async fn start() -> (u16, Self) {
        let backend = Self::default();
        let method = "/v1.0/invoke/backend-api/method/internal/instances";
        let router = Router::new()
            .route(method, post(make))
            .route(&format!("{method}/withdraw"), post(withdraw))
            .with_state(backend.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (port, backend)
    }

    /// From now on it answers so.
    pub(crate) fn behaves(&self, behaviour: Behaviour) {
        self.0.lock().unwrap().behaviour = behaviour;
    }

    /// Somebody has touched the task.
    pub(crate) fn is_touched(&self, task: &Value) {
        self.0.lock().unwrap().touched.push(task["id"].clone());
    }

    /// Every task that was ever made.
    pub(crate) fn made(&self) -> Vec<Value> {
        self.0.lock().unwrap().tasks.clone()
    }

    /// The tasks that are there to be done.
    pub(crate) fn open(&self) -> Vec<Value> {
        let kept = self.0.lock().unwrap();
        let is_gone = |task: &&Value| kept.deleted.contains(&task["id"]) || kept.archived.contains(&task["id"]);
        kept.tasks.iter().filter(|task| !is_gone(task)).cloned().collect()
    }

    /// Those that were put away.
    pub(crate) fn archived(&self) -> Vec<Value> {
        self.0.lock().unwrap().archived.clone()
    }

    /// In which traces it was asked to make tasks.
    pub(crate) fn traces(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap().traces.clone()
    }

    fn is(&self, behaviour: Behaviour) -> bool {
        self.0.lock().unwrap().behaviour == behaviour
    }

    /// Whether it is not made yet; it is known that it was asked for.
    fn holds(&self, task: &Value) -> bool {
        let holds = self.is(Behaviour::Holds);
        if holds {
            self.0.lock().unwrap().asked.push(format!("make {}", task["occurrence"]));
        }
        holds
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }
}

async fn make(
    State(backend): State<Backend>,
    headers: HeaderMap,
    Json(task): Json<Value>,
) -> Result<Json<Value>, Failed> {
    let trace = headers.get("traceparent").map(|trace| trace.to_str().unwrap().to_owned());
    if backend.holds(&task) {
        testkit::eventually(DEADLINE, || async { (!backend.is(Behaviour::Holds)).then_some(()) }).await;
    }
    let answer = {
        let mut kept = backend.0.lock().unwrap();
        kept.traces.push(trace);
        kept.make(task)
    };
    answered(answer).await
}

async fn withdraw(State(backend): State<Backend>, Json(question): Json<Value>) -> Result<Json<Value>, Failed> {
    let answer = backend.0.lock().unwrap().withdraw(&question);
    answered(answer).await
}

/// No answer is one that never comes.
async fn answered(answer: Option<Result<Value, Failed>>) -> Result<Json<Value>, Failed> {
    match answer {
        Some(answer) => answer.map(Json),
        None => std::future::pending().await,
    }
}

impl Kept {
    fn make(&mut self, task: Value) -> Option<Result<Value, Failed>> {
        self.asked.push(format!("make {}", task["occurrence"]));
        if self.behaviour == Behaviour::IsFaulty && task["title"] == "Broken" {
            return Some(Err(failed("internal")));
        }
        self.answer(|kept| {
            if kept.behaviour == Behaviour::Refuses {
                return json!({"outcome": "refused", "reason": "the workspace is gone"});
            }
            if kept.tasks.iter().any(|made| made["id"] == task["id"]) {
                return json!({"outcome": "exists"});
            }
            kept.tasks.push(task);
            json!({"outcome": "created"})
        })
    }

    fn withdraw(&mut self, question: &Value) -> Option<Result<Value, Failed>> {
        assert_eq!(question.as_object().unwrap().len(), 2, "{question}");
        let is_archived = question["how"] == "archive";
        assert!(is_archived || question["how"] == "delete_untouched", "{question}");
        self.asked.push(if is_archived { "archive" } else { "withdraw" }.to_owned());
        let id = question["id"].clone();
        self.answer(|kept| {
            if is_archived {
                kept.archived.push(id);
                return json!({"outcome": "withdrawn"});
            }
            let is_there = kept.tasks.iter().any(|task| task["id"] == id) && !kept.deleted.contains(&id);
            if !is_there {
                return json!({"outcome": "gone"});
            }
            if kept.touched.contains(&id) {
                return json!({"outcome": "touched"});
            }
            kept.deleted.push(id);
            json!({"outcome": "withdrawn"})
        })
    }

    fn answer(&mut self, act: impl FnOnce(&mut Self) -> Value) -> Option<Result<Value, Failed>> {
        match self.behaviour {
            Behaviour::Well | Behaviour::Holds | Behaviour::Refuses | Behaviour::IsFaulty => Some(Ok(act(self))),
            Behaviour::Away => Some(Err(failed("ERR_DIRECT_INVOKE"))),
            Behaviour::Mute => {
                act(self);
                Some(Err(failed("ERR_DIRECT_INVOKE")))
            }
            Behaviour::HangsOnce => {
                self.behaviour = Behaviour::Well;
                None
            }
        }
    }
}

/// By the service itself as a problem, by a sidecar in its own words.
fn failed(code: &str) -> Failed {
    let body = if code == "internal" { json!({"code": code}) } else { json!({"errorCode": code, "message": "away"}) };
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body))
}
