//! The receiving side: which topics a service takes, and what it answers to a delivery.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use events::Topic;
use serde::Serialize;
use serde_json::json;

use super::PUBSUB;
use super::topics::TopicNames;

/// The largest delivery, in bytes: what daprd passes on by default.
pub const MAX_DELIVERY: usize = 4 * 1024 * 1024;

/// An entry of the service's list of topics, as Dapr asks for it at `GET /dapr/subscribe`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    #[serde(rename = "pubsubname")]
    pubsub_name: &'static str,
    topic: String,
    route: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
}

/// How the messages of a topic are handed over.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// `true`: whatever it is, in an envelope of its own, as base64. Else only what is a `CloudEvent`.
    raw_payload: &'static str,
}

impl Subscription {
    /// Deliveries of `topic` go to `POST /events/<topic>`; what the service drops goes to `<topic>.dead`.
    pub fn to(topic: Topic, names: &TopicNames) -> Self {
        Self {
            pubsub_name: PUBSUB,
            topic: names.of(topic).to_owned(),
            route: format!("/events/{}", topic.as_str()),
            dead_letter_topic: Some(names.dead_letters_of(topic)),
            metadata: None,
        }
    }

    /// The same by another pub/sub component, of the same broker.
    #[must_use]
    pub fn through(self, pubsub_name: &'static str) -> Self {
        Self { pubsub_name, ..self }
    }

    /// Deliveries of `<topic>.dead` go to `POST /events/<topic>.dead`, raw: a sidecar would try for ever to read one that is
    /// no `CloudEvent`, and drop one that has expired. There are no dead letters of dead letters.
    pub fn to_dead_letters_of(topic: Topic, names: &TopicNames) -> Self {
        Self {
            pubsub_name: PUBSUB,
            topic: names.dead_letters_of(topic),
            route: format!("/events/{}", topic.dead_letter()),
            dead_letter_topic: None,
            metadata: Some(Metadata { raw_payload: "true" }),
        }
    }
}

/// Answers `GET /dapr/subscribe` with the list.
pub fn router(subscriptions: &[Subscription]) -> Router {
    let list = serde_json::json!(subscriptions);
    Router::new().route("/dapr/subscribe", get(|| async move { axum::Json(list) }))
}

/// What a service answers to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, now or at an earlier delivery.
    Success,
    /// Not now: deliver it again.
    Retry,
    /// Never: on to the dead-letter topic.
    Drop,
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Success => "SUCCESS",
            Self::Retry => "RETRY",
            Self::Drop => "DROP",
        };
        axum::Json(json!({ "status": status })).into_response()
    }
}
