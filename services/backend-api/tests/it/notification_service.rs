//! notification-service behind a sidecar, as far as backend-api asks it. It takes exactly what it should be asked, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

const BASE: &str = "/v1.0/invoke/notification-service/method/internal";

/// The parameters of a question.
type Parameters = BTreeMap<String, String>;

/// What it knows, and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct NotificationService(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// Whose each is, and whether it is read.
    notifications: BTreeMap<Uuid, (String, bool)>,
    reminders: Vec<Value>,
    links: BTreeMap<String, String>,
    preferences: BTreeMap<String, Value>,
    asked: Vec<Value>,
}

impl NotificationService {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(&format!("{BASE}/reminders"), get(reminders))
            .route(&format!("{BASE}/notifications"), get(notifications))
            .route(&format!("{BASE}/notifications/read"), post(mark))
            .route(&format!("{BASE}/preferences"), get(preferences).patch(change_preferences))
            .route(&format!("{BASE}/unsubscribe"), post(unsubscribe))
            .with_state(self.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// A new notification of a user; returns its id.
    pub(crate) fn tell(&self, user_id: &str) -> String {
        let mut known = self.known();
        let number = u128::try_from(known.notifications.len()).unwrap();
        let id = Uuid::from_u128(0x0189_0a5d_ac96_774b_8000_0000_0000_0000 + number);
        known.notifications.insert(id, (user_id.to_owned(), false));
        id.to_string()
    }

    /// The only reminder that there is from now on.
    pub(crate) fn remind(&self, reminder: &Value) {
        self.known().reminders = vec![reminder.clone()];
    }

    /// The token of a link that ends messages of `kind`.
    pub(crate) fn send_link(&self, kind: &str) -> String {
        let token = format!("link-{}", Uuid::new_v4().simple());
        self.known().links.insert(token.clone(), kind.to_owned());
        token
    }

    /// Whether the notification is read.
    pub(crate) fn is_read(&self, id: &str) -> bool {
        self.known().notifications[&id.parse::<Uuid>().unwrap()].1
    }

    /// The parameters or bodies of the questions that it was asked since the last time.
    pub(crate) fn take_asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.known().asked)
    }

    fn asked(&self, question: &Value, members: &[&str]) -> MutexGuard<'_, Known> {
        let mut known = self.known();
        known.asked.push(question.clone());
        let named: BTreeSet<&str> = question.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(named.is_subset(&members.iter().copied().collect()), "asked for {named:?}, which is not {members:?}");
        known
    }
}

fn text<'a>(question: &'a Value, member: &str) -> &'a str {
    question[member].as_str().unwrap_or_else(|| panic!("{member} of {question} is no text"))
}

/// It has a next page until it is asked for it.
fn next(question: &Value) -> Option<&'static str> {
    question["after"].is_null().then_some("its own place")
}

async fn reminders(State(service): State<NotificationService>, Query(question): Query<Parameters>) -> Json<Value> {
    let question = json!(question);
    let known = service.asked(&question, &["workspace_ids", "task_id", "status", "after", "limit"]);
    for id in text(&question, "workspace_ids").split(',') {
        id.parse::<Uuid>().unwrap();
    }
    Json(json!({"items": known.reminders, "next": next(&question)}))
}

async fn notifications(State(service): State<NotificationService>, Query(question): Query<Parameters>) -> Json<Value> {
    let question = json!(question);
    let known = service.asked(&question, &["user_id", "unread", "after", "limit"]);
    let own: Vec<_> =
        known.notifications.iter().rev().filter(|(_, (user, _))| user == text(&question, "user_id")).collect();
    let unread: Option<bool> = question["unread"].as_str().map(|text| text.parse().unwrap());
    let wanted = own.iter().filter(|(_, (_, read))| unread.is_none_or(|unread| unread != *read));
    let items = wanted.map(|(id, (_, read))| {
        let mut item = json!({
            "id": id, "kind": "reminder", "title": "Reminder: Pay the rent", "body": "It is due at 10:00.",
            "created_at": "2026-01-31T09:00:00Z",
        });
        if *read {
            item["read_at"] = json!("2026-01-31T09:01:00Z");
        }
        item
    });
    let unread = own.iter().filter(|(_, (_, read))| !read).count();
    Json(json!({"items": items.collect::<Vec<_>>(), "next": next(&question), "unread": unread}))
}

async fn mark(State(service): State<NotificationService>, Json(told): Json<Value>) -> Json<Value> {
    let mut known = service.asked(&told, &["user_id", "ids", "read"]);
    let ids: Option<Vec<Uuid>> = serde_json::from_value(told["ids"].clone()).unwrap();
    let read = told["read"].as_bool().unwrap();
    let mut changed = 0;
    for (id, (user, is_read)) in &mut known.notifications {
        if user == text(&told, "user_id") && ids.as_ref().is_none_or(|ids| ids.contains(id)) {
            *is_read = read;
            changed += 1;
        }
    }
    Json(json!({ "changed": changed }))
}

/// What somebody has who chose nothing.
pub(crate) fn usual_preferences() -> Value {
    let loud = json!({"email": true, "sms": true, "in_app": true});
    let quiet = json!({"email": false, "sms": false, "in_app": true});
    json!({
        "events": {"reminder": loud, "task_completed": quiet, "task_assigned": quiet, "comment_added": quiet, "system": quiet},
        "quiet_hours": null, "digest": null, "phone": null, "timezone": null,
        "channels": {
            "email": {"configured": true, "missing": []}, "sms": {"configured": false, "missing": ["TWILIO_ACCOUNT_SID"]},
            "in_app": {"configured": true, "missing": []},
        },
    })
}

async fn preferences(State(service): State<NotificationService>, Query(question): Query<Parameters>) -> Json<Value> {
    let question = json!(question);
    let known = service.asked(&question, &["user_id"]);
    Json(known.preferences.get(text(&question, "user_id")).cloned().unwrap_or_else(usual_preferences))
}

async fn change_preferences(State(service): State<NotificationService>, Json(told): Json<Value>) -> Response {
    let mut known = service.asked(&told, &["user_id", "changes"]);
    let preferences = known.preferences.entry(text(&told, "user_id").to_owned()).or_insert_with(usual_preferences);
    let changes = told["changes"].as_object().unwrap();
    let fields = ["events", "quiet_hours", "digest", "phone", "timezone"];
    let unknown = changes.keys().filter(|name| !fields.contains(&name.as_str()));
    let mut errors: Vec<_> =
        unknown.map(|name| json!({"pointer": format!("/{name}"), "code": "unknown_field", "detail": "…"})).collect();
    if changes.get("phone").is_some_and(|phone| phone.as_str().is_some_and(|phone| !phone.starts_with('+'))) {
        errors.push(json!({"pointer": "/phone", "code": "phone_invalid", "detail": "x".repeat(400)}));
    }
    if !errors.is_empty() {
        let problem = json!({
            "type": "urn:tidings:problem:validation_failed", "title": "The request is invalid", "status": 422,
            "code": "validation_failed", "detail": "See errors.", "instance": "/internal/preferences", "errors": errors,
        });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
    }
    for (name, value) in changes {
        merge(&mut preferences[name], value);
    }
    Json(preferences.clone()).into_response()
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        merge(&mut target[name], value);
    }
}

async fn unsubscribe(State(service): State<NotificationService>, Json(told): Json<Value>) -> Response {
    let known = service.asked(&told, &["token"]);
    match known.links.get(text(&told, "token")) {
        Some(kind) => Json(json!({"kind": kind, "channel": "email"})).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"code": "not_found", "detail": "There is no such link."})))
            .into_response(),
    }
}
