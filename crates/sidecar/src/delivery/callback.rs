//! Calls to the app.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use platform::dapr::API_TOKEN;
use reqwest::{Method, RequestBuilder};

use super::subscriptions::Subscription;
use crate::envelope::Summary;
use crate::log::Message;
use crate::sidecar::Sidecar;

/// A request to the app, with the app's token.
pub(crate) fn request(sidecar: &Sidecar, method: Method, path: &str) -> RequestBuilder {
    let request = sidecar.shared.client.request(method, sidecar.app_url(path));
    match &sidecar.shared.app_api_token {
        Some(token) => request.header(API_TOKEN, token.expose()),
        None => request,
    }
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// When there is none; the text is for the log.
pub(crate) async fn send(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let response = request.send().await.map_err(|error| reason(&error))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| reason(&error))?;
    Ok((status, body.to_vec()))
}

/// Delivers `event` to the subscription's route; the app has `timeout` to answer, else what the client allows.
///
/// # Errors
/// As [`reqwest::Error`]: no answer, or none in time.
pub(crate) async fn deliver(
    sidecar: &Sidecar,
    subscription: &Subscription,
    message: &Message,
    event: Bytes,
    summary: &Summary,
    timeout: Option<Duration>,
) -> Result<(StatusCode, Vec<u8>), reqwest::Error> {
    let mut request = request(sidecar, Method::POST, &subscription.route);
    if let Some(timeout) = timeout {
        request = request.timeout(timeout);
    }
    let response = request.headers(headers(subscription, message, summary)).body(event).send().await?;
    let status = response.status();
    Ok((status, response.bytes().await?.to_vec()))
}

/// Where a message stands in its topic, in headers. Its metadata may say so too, and then win, as Kafka's do: a dead letter tells where
/// it stood before.
pub(super) const PARTITION: &str = "__partition";
/// The same within the partition.
pub(super) const OFFSET: &str = "__offset";

/// Publish metadata become headers, as Kafka's do, beside what the log knows of the message.
fn headers(subscription: &Subscription, message: &Message, summary: &Summary) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    };
    let excluded = |name: &str| subscription.excluded_headers.as_ref().is_some_and(|excluded| excluded.is_match(name));
    set("__topic", &subscription.topic.name);
    set(PARTITION, &message.partition.to_string());
    set(OFFSET, &message.offset.to_string());
    set("__timestamp", &message.published_at.timestamp_millis().to_string());
    if let Some(key) = &message.key {
        set("__key", key);
    }
    for (name, value) in message.metadata.iter().filter(|(name, _)| !is_reserved(name) && !excluded(name)) {
        set(name, value);
    }
    set("pubsubname", &subscription.topic.pubsub);
    if let Some(traceparent) = &summary.traceparent {
        set("traceparent", traceparent);
    }
    set(header::CONTENT_TYPE.as_str(), "application/cloudevents+json");
    headers
}

/// Names that a publisher must not be able to set on the request to the app.
fn is_reserved(name: &str) -> bool {
    let reserved = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", API_TOKEN];
    reserved.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// The innermost cause, which names what happened.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
