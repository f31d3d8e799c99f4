//! What a sidecar says of itself.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::legacy;
use super::read;
use crate::delivery::{Origin, Subscription};
use crate::sidecar::{RUNTIME_VERSION, Sidecar};

/// `GET /v1.0/metadata`
pub(super) fn show(sidecar: &Sidecar) -> Response {
    let components: Vec<Value> = sidecar
        .shared
        .resources
        .components_of(&sidecar.app_id)
        .map(|known| json!({"name": known.name, "type": known.kind, "version": known.version}))
        .collect();
    let subscriptions: Vec<Value> = sidecar.subscriptions.get().into_iter().flatten().map(subscription).collect();
    Json(json!({
        "id": sidecar.app_id,
        "runtimeVersion": RUNTIME_VERSION,
        "components": components,
        "extended": sidecar.labels(),
        "subscriptions": subscriptions,
        "appConnectionProperties": {
            "port": sidecar.app_port, "protocol": "http", "channelAddress": "127.0.0.1",
        },
    }))
    .into_response()
}

fn subscription(subscription: &Subscription) -> Value {
    json!({
        "pubsubname": subscription.topic.pubsub,
        "topic": subscription.topic.name,
        "rules": [{"path": subscription.route}],
        "deadLetterTopic": subscription.dead_letter_topic.as_deref().unwrap_or_default(),
        "metadata": subscription.metadata,
        "type": match subscription.origin {
            Origin::Programmatic => "PROGRAMMATIC",
            Origin::Declarative => "DECLARATIVE",
        },
    })
}

/// `PUT /v1.0/metadata/{key}`
pub(super) async fn set(sidecar: &Sidecar, key: String, request: Request) -> Response {
    match read(request.into_body()).await {
        Ok(value) => {
            sidecar.set_label(key, String::from_utf8_lossy(&value).into_owned());
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => legacy(StatusCode::INTERNAL_SERVER_ERROR, "ERR_METADATA_SET", error),
    }
}
