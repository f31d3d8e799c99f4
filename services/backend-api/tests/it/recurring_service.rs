//! recurring-task-service behind a sidecar, as far as backend-api asks it. It takes exactly what it should be asked, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

const BASE: &str = "/v1.0/invoke/recurring-task-service/method/internal/recurrences";

/// What it knows, and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct RecurringService(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// In which workspace each is, and how it is shown.
    series: BTreeMap<Uuid, (String, Value)>,
    asked: Vec<(String, Value)>,
    /// The keys of what it has skipped.
    skipped: BTreeSet<String>,
    loses_answers: bool,
}

impl Known {
    fn begin(&mut self, id: Uuid, workspace_id: &str) {
        let series = json!({
            "id": id, "workspace_id": workspace_id, "task_id": id, "title": "Water the plants", "status": "active",
            "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=MO", "text": "every Monday", "mode": "schedule"},
            "timezone": "UTC", "occurrence": 1, "due_date": "2026-02-02T07:00:00Z",
            "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z",
        });
        self.series.insert(id, (workspace_id.to_owned(), series));
    }
}

impl RecurringService {
    pub(crate) fn router(&self) -> Router {
        Router::new().route(BASE, get(list)).route(&format!("{BASE}/{{verb}}"), post(tell)).with_state(self.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// A series in that workspace, which has the least that one can have; returns its id.
    pub(crate) fn begin(&self, workspace_id: &Value) -> String {
        let id = Uuid::new_v4();
        self.known().begin(id, workspace_id.as_str().unwrap());
        id.to_string()
    }

    /// The series looks otherwise.
    pub(crate) fn set(&self, id: &str, member: &str, value: Value) {
        self.known().series.get_mut(&id.parse().unwrap()).unwrap().1[member] = value;
    }

    /// Whether what it does is done, and nobody hears of it.
    pub(crate) fn loses_answers(&self, loses_answers: bool) {
        self.known().loses_answers = loses_answers;
    }

    /// How it is shown.
    pub(crate) fn shown(&self, id: &str) -> Value {
        self.known().series[&id.parse::<Uuid>().unwrap()].1.clone()
    }

    /// What it was asked since the last time: the verb, and the parameters or the body.
    pub(crate) fn take_asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.known().asked)
    }

    fn asked(&self, verb: &str, question: &Value, members: &[&str]) -> MutexGuard<'_, Known> {
        let mut known = self.known();
        known.asked.push((verb.to_owned(), question.clone()));
        let named: BTreeSet<&str> = question.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(named.is_subset(&members.iter().copied().collect()), "asked for {named:?}, which is not {members:?}");
        known
    }
}

/// It has a next page until it is asked for it.
async fn list(
    State(service): State<RecurringService>,
    Query(question): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let question = json!(question);
    let known = service.asked("list", &question, &["workspace_ids", "status", "after", "limit"]);
    let mine: Vec<&str> = question["workspace_ids"].as_str().unwrap().split(',').collect();
    let visible = known.series.values().filter(|(workspace, _)| mine.contains(&workspace.as_str()));
    let wanted = visible.filter(|(_, series)| question["status"].is_null() || question["status"] == series["status"]);
    let items: Vec<_> = wanted.map(|(_, series)| series.clone()).collect();
    Json(json!({"items": items, "next": question["after"].is_null().then_some("its own place")}))
}

async fn tell(
    State(service): State<RecurringService>,
    Path(verb): Path<String>,
    Json(told): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let members: &[&str] = match verb.as_str() {
        "find" | "stop" => &["id", "workspace_ids", "begin"],
        "change" => &["id", "workspace_ids", "begin", "changes"],
        "skip" => &["id", "workspace_ids", "begin", "occurrence", "key"],
        other => panic!("it cannot {other}"),
    };
    let mut known = service.asked(&verb, &told, members);
    if let Some(task) = told.get("begin").map(|begin| &begin["task"]) {
        known.begin(task["id"].as_str().unwrap().parse().unwrap(), task["workspace_id"].as_str().unwrap());
    }
    let Known { series, skipped, loses_answers, .. } = &mut *known;
    let workspaces: Vec<Uuid> = serde_json::from_value(told["workspace_ids"].clone()).unwrap();
    let found = series.get_mut(&serde_json::from_value::<Uuid>(told["id"].clone()).unwrap());
    let visible = found.filter(|(workspace, _)| workspaces.contains(&workspace.parse().unwrap()));
    let Some((_, series)) = visible else { return Ok(Json(json!({"recurrence": null}))) };
    let problem = match verb.as_str() {
        "change" => change(series, &told["changes"]),
        "stop" => {
            series["status"] = json!("stopped");
            None
        }
        "skip" if skipped.contains(told["key"].as_str().unwrap()) => None,
        "skip" => skip(series, told["occurrence"].as_i64()),
        _ => None,
    };
    if verb == "skip" && problem.is_none() {
        skipped.insert(told["key"].as_str().unwrap().to_owned());
    }
    if *loses_answers {
        return Err(StatusCode::BAD_GATEWAY);
    }
    Ok(Json(match problem {
        Some(code) => json!({"recurrence": series, "problem": {"code": code, "detail": "Read the series again."}}),
        None => json!({"recurrence": series}),
    }))
}

fn change(series: &mut Value, changes: &Value) -> Option<&'static str> {
    let may =
        ["title", "description", "priority", "tags", "assignee", "reminders", "recurrence", "timezone", "due_date"];
    for (member, value) in changes.as_object().unwrap() {
        assert!(may.contains(&member.as_str()), "{member} cannot be changed");
        if series.get(member).is_some() {
            series[member].clone_from(value);
        }
    }
    None
}

fn skip(series: &mut Value, occurrence: Option<i64>) -> Option<&'static str> {
    if series["status"] != "active" {
        return Some("series_over");
    }
    let latest = series["occurrence"].as_i64().unwrap();
    if occurrence.is_some_and(|occurrence| occurrence != latest) {
        return Some("occurrence_over");
    }
    series["occurrence"] = json!(latest + 1);
    None
}
