//! The two shapes of daprd's error bodies.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::publish::{Reason, Refusal};

/// The older shape: a code and a message.
pub(super) fn legacy(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"errorCode": code, "message": message}))).into_response()
}

/// An API of Dapr that the embedded sidecar does not have.
pub(super) fn unsupported(api: &str) -> Response {
    let message = format!("the embedded sidecar does not support the {api} API");
    legacy(StatusCode::NOT_IMPLEMENTED, "ERR_NOT_IMPLEMENTED", &message)
}

impl Refusal {
    /// The status, the code and the reason that daprd gives.
    pub(super) fn terms(&self) -> (StatusCode, &'static str, &'static str) {
        match self.reason {
            Reason::NotFound => (StatusCode::NOT_FOUND, "ERR_PUBSUB_NOT_FOUND", "DAPR_PUBSUB_NOT_FOUND"),
            Reason::NotConfigured => {
                (StatusCode::BAD_REQUEST, "ERR_PUBSUB_NOT_CONFIGURED", "DAPR_PUBSUB_NOT_CONFIGURED")
            }
            Reason::NameEmpty => (StatusCode::NOT_FOUND, "ERR_PUBSUB_EMPTY", "DAPR_PUBSUB_NAME_EMPTY"),
            Reason::TopicEmpty => (StatusCode::NOT_FOUND, "ERR_TOPIC_NAME_EMPTY", "DAPR_PUBSUB_TOPIC_NAME_EMPTY"),
            Reason::Forbidden => (StatusCode::FORBIDDEN, "ERR_PUBSUB_FORBIDDEN", "DAPR_PUBSUB_FORBIDDEN"),
            Reason::Metadata => {
                (StatusCode::BAD_REQUEST, "ERR_PUBSUB_REQUEST_METADATA", "DAPR_PUBSUB_METADATA_DESERIALIZATION")
            }
            Reason::CloudEvent => {
                (StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_CLOUD_EVENTS_SER", "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
            }
            Reason::Events => (StatusCode::BAD_REQUEST, "ERR_PUBSUB_EVENTS_SER", "DAPR_PUBSUB_UNMARSHAL_EVENTS"),
            Reason::Publish => {
                (StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_PUBLISH_MESSAGE", "DAPR_PUBSUB_PUBLISH_MESSAGE")
            }
        }
    }
}

impl IntoResponse for Refusal {
    /// The newer shape: also details.
    fn into_response(self) -> Response {
        let (status, code, reason) = self.terms();
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "metadata": {}, "reason": reason,
        });
        let resource = json!({
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resource_type": "pubsub", "resource_name": self.pubsub, "owner": "", "description": self.message,
        });
        let body = json!({"errorCode": code, "message": self.message, "details": [info, resource]});
        (status, Json(body)).into_response()
    }
}
