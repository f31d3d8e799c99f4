//! A sidecar behind which audit-service knows what a test tells it, whoever asks, and notification-service and
//! recurring-task-service too.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, RawQuery, State};
use axum::routing::get;
use axum::{Json, Router};
use platform::config::Variables;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::Api;
use crate::notification_service::NotificationService;
use crate::recurring_service::RecurringService;

const HISTORY: &str = "/v1.0/invoke/audit-service/method/internal/audit-logs";

/// What audit-service answers about deleted tasks.
#[derive(Clone, Default)]
pub(crate) struct Trail {
    deletions: Arc<Mutex<BTreeMap<String, Value>>>,
    questions: Arc<Mutex<Vec<String>>>,
    /// What notification-service knows.
    pub(crate) notifications: NotificationService,
    /// What recurring-task-service knows.
    pub(crate) recurring: RecurringService,
}

impl Trail {
    /// Starts it, and gives the variables with which a service finds it.
    pub(crate) async fn start() -> (Variables, Self) {
        let trail = Self::default();
        let path = "/v1.0/invoke/audit-service/method/internal/deleted-tasks/{id}";
        let router = Router::new().route(path, get(answer)).route(HISTORY, get(no_history)).with_state(trail.clone());
        let router = router.merge(trail.notifications.router()).merge(trail.recurring.router());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (Variables::default().with("DAPR_HTTP_PORT", port), trail)
    }

    /// Everything in the outbox is published, and the trail knows it.
    pub(crate) async fn catch_up(&self, api: &Api) {
        for event in api.events().await {
            let id = event["task_data"]["id"].as_str().unwrap_or_default().to_owned();
            if event["event_type"] == "task.deleted" {
                self.tell(&id, &event["organization_id"], &event["task_data"]);
            } else {
                self.deletions.lock().unwrap().remove(&id);
            }
        }
        publish_all(api).await;
    }

    /// The task was deleted at 09:00 and looked like this.
    pub(crate) fn tell(&self, id: &str, workspace_id: &Value, task: &Value) {
        let deletion = json!({"workspace_id": workspace_id, "deleted_at": "2026-01-31T09:00:00Z", "task": task});
        self.deletions.lock().unwrap().insert(id.to_owned(), deletion);
    }

    /// The queries of the questions that it was asked.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.questions.lock().unwrap().clone()
    }
}

/// As if the sidecar had taken every event.
pub(crate) async fn publish_all(api: &Api) {
    let sql = "UPDATE core.outbox SET published_at = created_at WHERE published_at IS NULL";
    api.owner().await.execute_unprepared(sql).await.unwrap();
}

async fn no_history() -> Json<Value> {
    Json(json!({"items": [], "next": null}))
}

async fn answer(State(trail): State<Trail>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Json<Value> {
    trail.questions.lock().unwrap().push(query.unwrap_or_default());
    Json(json!({ "deletion": trail.deletions.lock().unwrap().get(&id) }))
}
