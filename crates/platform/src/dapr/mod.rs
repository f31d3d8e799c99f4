//! The client side of a service's Dapr sidecar: publish and schedule jobs by gRPC, invoke by HTTP, and receive by HTTP from it
//! alone.

pub mod consumer;
mod grpc;
pub mod guard;
pub mod invoke;
pub mod jobs;
pub mod publish;
pub mod secrets;
pub mod subscribe;
pub mod timetable;
pub mod topics;

use std::time::Duration;

use crate::config::ServiceConfig;
use crate::health::{Check, state};

/// The header in which either side shows the other's token.
pub const API_TOKEN: &str = "dapr-api-token";

/// The component through which all events go.
pub const PUBSUB: &str = "pubsub";

/// Shows whether the sidecar can send: its outbound health, which does not wait for this app. A service works on without
/// it, so it is not required for readiness.
pub fn sidecar_check(http: reqwest::Client, config: &ServiceConfig) -> Check {
    let url = format!("http://127.0.0.1:{}/v1.0/healthz/outbound", config.dapr_http_port);
    Check::informative("sidecar", move || {
        let request = http.get(&url).timeout(Duration::from_secs(1));
        Box::pin(async move {
            let up = request.send().await.is_ok_and(|answer| answer.status().is_success());
            (up, state(up))
        })
    })
}
