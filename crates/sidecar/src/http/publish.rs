//! Publishing over HTTP.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::read;
use crate::metadata::Metadata;
use crate::publish::{BulkFailure, BulkPublication, Entry, Publication, Reason, Trace, refusal};
use crate::sidecar::Sidecar;

/// `POST /v1.0/publish/{pubsub}/{topic}`
pub(super) async fn one(sidecar: &Sidecar, pubsub: String, topic: String, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(refused) = sidecar.permit(&pubsub, &topic) {
        return refused.into_response();
    }
    let data = match read(body).await {
        Ok(data) => data,
        Err(error) => return too_large(&pubsub, &topic, error),
    };
    let publication = Publication {
        content_type: text(&parts.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned(),
        metadata: metadata(&parts.uri),
        trace: trace(sidecar, &parts.headers),
        pubsub,
        topic,
        data,
    };
    match sidecar.publish(publication).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyEntry {
    #[serde(default)]
    entry_id: String,
    event: Option<Box<RawValue>>,
    #[serde(default)]
    content_type: String,
    metadata: Option<Metadata>,
}

/// `POST /v1.0/publish/bulk/{pubsub}/{topic}`
pub(super) async fn bulk(sidecar: &Sidecar, pubsub: String, topic: String, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(refused) = sidecar.permit(&pubsub, &topic) {
        return refused.into_response();
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return too_large(&pubsub, &topic, error),
    };
    let entries = match serde_json::from_slice::<Vec<BodyEntry>>(&body) {
        Ok(entries) => entries.into_iter().map(entry).collect(),
        Err(error) => {
            let message = format!("error when unmarshaling the request for topic {topic} pubsub {pubsub}: {error}");
            return refusal(Reason::Events, &pubsub, message).into_response();
        }
    };
    let metadata = metadata(&parts.uri);
    let publication = BulkPublication { pubsub, topic, entries, metadata, trace: trace(sidecar, &parts.headers) };
    match sidecar.publish_bulk(publication).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(BulkFailure::Refused(refused)) => refused.into_response(),
        Err(BulkFailure::Failed { entry_ids, error }) => {
            let failed = entry_ids.iter().map(|id| json!({"entryId": id, "error": error})).collect::<Vec<_>>();
            let body = json!({"failedEntries": failed, "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        }
    }
}

/// The event's bytes: a JSON string is its text, unless the content is JSON; in binary content it is base64.
fn entry(entry: BodyEntry) -> Entry {
    let raw = entry.event.as_deref().map_or("null", RawValue::get);
    let media_type = entry.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let string = serde_json::from_str::<String>(raw).ok();
    let event = match (media_type.as_str(), string) {
        ("application/json" | "application/cloudevents+json", _) | (_, None) => Bytes::copy_from_slice(raw.as_bytes()),
        ("application/octet-stream", Some(text)) => decoded(text),
        (_, Some(text)) => Bytes::from(text),
    };
    Entry { id: entry.entry_id, content_type: entry.content_type, event, metadata: entry.metadata }
}

fn decoded(text: String) -> Bytes {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(&text).map_or_else(|_| Bytes::from(text), Bytes::from)
}

fn too_large(pubsub: &str, topic: &str, error: &str) -> Response {
    let message = format!("error when publishing to topic {topic} in pubsub {pubsub}: {error}");
    refusal(Reason::Publish, pubsub, message).into_response()
}

/// `?metadata.name=value` for each name.
fn metadata(uri: &Uri) -> Metadata {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
    let named = pairs.into_iter().filter_map(|(name, value)| Some((name.strip_prefix("metadata.")?.to_owned(), value)));
    named.collect()
}

fn trace(sidecar: &Sidecar, headers: &HeaderMap) -> Trace {
    Trace::new(text(headers, "traceparent"), text(headers, "tracestate"), &sidecar.shared.random)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
