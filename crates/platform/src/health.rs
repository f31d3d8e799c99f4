//! `/health`, `/livez`, `/readyz` and `/metrics`, the same on every service.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::{BoxFuture, join_all};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::database::Pool;
use crate::metrics::Metrics;

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a check found: whether it is well, and what to show of it.
pub type Finding = (bool, Value);

/// Something that a service depends on.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    required: bool,
    probe: Arc<dyn Fn() -> BoxFuture<'static, Finding> + Send + Sync>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("required", &self.required).finish_non_exhaustive()
    }
}

impl Check {
    /// Without it the service is not ready.
    pub fn required(
        name: &'static str,
        probe: impl Fn() -> BoxFuture<'static, Finding> + Send + Sync + 'static,
    ) -> Self {
        Self { name, required: true, probe: Arc::new(probe) }
    }

    /// Shown, but the service works on without it.
    pub fn informative(
        name: &'static str,
        probe: impl Fn() -> BoxFuture<'static, Finding> + Send + Sync + 'static,
    ) -> Self {
        Self { name, required: false, probe: Arc::new(probe) }
    }

    /// The database answers within 2 s.
    pub fn database(db: Pool) -> Self {
        Self::required("database", move || {
            let db = db.clone();
            Box::pin(async move {
                let up = crate::database::is_reachable(&db).await;
                (up, state(up))
            })
        })
    }
}

/// `{"status": "up"}` or `{"status": "down"}`.
pub fn state(up: bool) -> Value {
    json!({ "status": if up { "up" } else { "down" } })
}

/// What the four endpoints answer from.
#[derive(Clone, Debug)]
pub struct Health {
    service: &'static str,
    version: &'static str,
    checks: Arc<[Check]>,
    metrics: Metrics,
    stopping: Arc<AtomicBool>,
}

impl Health {
    /// The health of `service`, whose version is its package's.
    pub fn new(service: &'static str, version: &'static str, metrics: Metrics, checks: Vec<Check>) -> Self {
        Self { service, version, checks: checks.into(), metrics, stopping: Arc::default() }
    }

    /// From now on `/readyz` answers 503, so that no new work is sent here.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether it stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// The service's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The service's name.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The four routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/health", get(health))
            .route("/livez", get(|| async { "ok" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    async fn examine(&self) -> (bool, Map<String, Value>) {
        let findings = join_all(self.checks.iter().map(|check| async {
            // Whoever asks is not kept waiting by what hangs.
            timeout(PATIENCE, (check.probe)()).await.unwrap_or_else(|_| (false, state(false)))
        }))
        .await;
        let well = self.checks.iter().zip(&findings).all(|(check, (up, _))| *up || !check.required);
        let shown =
            self.checks.iter().zip(findings).map(|(check, (_, shown))| (check.name.to_owned(), shown)).collect();
        (well, shown)
    }
}

async fn health(State(health): State<Health>) -> Response {
    let (well, findings) = health.examine().await;
    let mut body = Map::new();
    body.insert("status".to_owned(), json!(if well { "ok" } else { "unavailable" }));
    body.insert("service".to_owned(), json!(health.service));
    body.insert("version".to_owned(), json!(health.version));
    body.extend(findings);
    (status(well), axum::Json(body)).into_response()
}

async fn readyz(State(health): State<Health>) -> Response {
    let (well, findings) = health.examine().await;
    let stopping = health.is_stopping();
    let ready = well && !stopping;
    let word = if stopping {
        "stopping"
    } else if ready {
        "ready"
    } else {
        "unavailable"
    };
    (status(ready), axum::Json(json!({ "status": word, "checks": findings }))).into_response()
}

fn status(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn metrics(State(health): State<Health>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (kind, health.metrics.render()).into_response()
}
