//! Service invocation: a request goes to another app, the app's answer comes back as it is.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use platform::dapr::API_TOKEN;
use tokio::time::Instant;

use super::error::legacy;
use super::path::unescape;
use super::read;
use crate::delivery::Attempts;
use crate::sidecar::Sidecar;

const CODE: &str = "ERR_DIRECT_INVOKE";
const APP_ID: &str = "dapr-app-id";
const CALLER: &str = "dapr-caller-app-id";
const CALLEE: &str = "dapr-callee-app-id";
const CALLER_NAMESPACE: &str = "dapr-caller-namespace";
const NAMESPACE: &str = "default";

/// An invocation takes as long as the app and its caller like, as with daprd: a year stands for no limit.
const PATIENCE: Duration = Duration::from_hours(365 * 24);

/// Headers of one connection (RFC 9110 §7.6.1), and those that are written anew.
const NOT_PASSED: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    API_TOKEN,
];

/// Any request that names an app: in the path, in `dapr-app-id`, or as the user of basic authentication.
pub(super) async fn answer(sidecar: &Sidecar, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((app, path)) = target(&parts.uri, &parts.headers) else {
        let message = "failed getting app id either from the URL path or the header dapr-app-id";
        return legacy(StatusCode::NOT_FOUND, CODE, message);
    };
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return failed(&app, error),
    };
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let headers = forwarded(sidecar, &app, &parts);
    let call = Call { sidecar, app: &app, method: parts.method, path: format!("{path}{query}"), headers, body };
    call.made(path.as_str()).await
}

/// A request to an app.
struct Call<'a> {
    sidecar: &'a Sidecar,
    app: &'a str,
    method: Method,
    /// Path and query.
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Call<'_> {
    /// Tries it as the app's policy says. Like daprd, what is no success and no redirection counts as failed, whatever it is.
    async fn made(self, path: &str) -> Response {
        let policy = self.sidecar.policy_for(self.app);
        let breaker = self.sidecar.breaker(self.app, path);
        let mut attempts = Attempts::default();
        loop {
            let started = Instant::now();
            let admitted = breaker.as_ref().map(|breaker| breaker.admit(started));
            if matches!(admitted, Some(None)) {
                return failed(self.app, "circuit breaker is open");
            }
            let answer = self.attempt(policy.and_then(|policy| policy.timeout)).await;
            let status = answer.as_ref().ok().map(reqwest::Response::status);
            let success = status.is_some_and(|status| status.is_success() || status.is_redirection());
            if let Some(admitted) = admitted.flatten() {
                admitted.note(success, Instant::now());
            }
            let retry = policy.and_then(|policy| policy.retry.as_ref()).filter(|_| !success);
            let pause = attempts.failed(started.elapsed(), status, retry, &self.sidecar.shared.random);
            match (pause, answer) {
                (Some(pause), _) => tokio::time::sleep(pause).await,
                (None, Ok(answer)) => return pass_back(answer),
                (None, Err(error)) => return failed(self.app, &error),
            }
        }
    }

    async fn attempt(&self, timeout: Option<Duration>) -> Result<reqwest::Response, String> {
        let shared = &self.sidecar.shared;
        let peer = shared.peers.get(self.app).filter(|peer| !peer.stop.is_cancelled());
        let peer = peer.ok_or_else(|| "couldn't find service".to_owned())?;
        if !peer.health.is_healthy() {
            return Err("app is not in a healthy state".to_owned());
        }
        let url = format!("http://127.0.0.1:{}{}", peer.port, self.path);
        let request = shared.client.request(self.method.clone(), url).headers(self.headers.clone());
        let request = request.timeout(timeout.unwrap_or(PATIENCE)).body(self.body.clone());
        request.send().await.map_err(|error| crate::delivery::reason(&error))
    }
}

fn failed(app: &str, error: &str) -> Response {
    legacy(StatusCode::INTERNAL_SERVER_ERROR, CODE, &format!("failed to invoke, id: {app}, err: {error}"))
}

/// The app, and the path on it.
fn target(uri: &Uri, headers: &HeaderMap) -> Option<(String, String)> {
    let named = headers.get(APP_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    if let Some(app) = named.map(ToOwned::to_owned).or_else(|| basic_user(headers)) {
        return Some((without_namespace(&app), clean(uri.path())));
    }
    let path = clean(uri.path());
    let (app, method) = path.strip_prefix("/v1.0/invoke/")?.split_once("/method")?;
    let usable = !app.is_empty() && !app.contains('/') && (method.is_empty() || method.starts_with('/'));
    usable.then(|| (without_namespace(&unescape(app)), if method.is_empty() { "/" } else { method }.to_owned()))
}

/// `dapr-app-id:X` as the credentials of basic authentication.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    text.strip_prefix("dapr-app-id:").filter(|app| !app.is_empty()).map(ToOwned::to_owned)
}

/// There is one namespace.
fn without_namespace(app: &str) -> String {
    app.strip_suffix(&format!(".{NAMESPACE}")).unwrap_or(app).to_owned()
}

/// One slash where there are several, and no way out with `..`; a trailing slash stays.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{slash}", parts.join("/"))
}

fn forwarded(sidecar: &Sidecar, callee: &str, parts: &Parts) -> HeaderMap {
    let mut headers = passed(&parts.headers);
    let host = headers.remove(header::HOST);
    for name in [CALLER, CALLEE, CALLER_NAMESPACE] {
        headers.remove(name);
    }
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    // An app that invokes itself is called without going round, so it is told of no caller.
    if callee != sidecar.app_id {
        let host = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        set(CALLER, &sidecar.app_id);
        set(CALLEE, callee);
        set(CALLER_NAMESPACE, NAMESPACE);
        set("x-forwarded-for", "127.0.0.1");
        set("x-forwarded-host", host);
        set("forwarded", &format!("for=127.0.0.1;by=127.0.0.1;host={host}"));
    }
    if let Some(token) = &sidecar.shared.app_api_token {
        set(API_TOKEN, token.expose());
    }
    headers
}

fn pass_back(answer: reqwest::Response) -> Response {
    let (status, mut headers) = (answer.status(), passed(answer.headers()));
    if let Some(length) = answer.headers().get(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, length.clone());
    }
    let mut response = Body::from_stream(answer.bytes_stream()).into_response();
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The headers that are not of one connection only, also not by the word of `Connection`.
fn passed(headers: &HeaderMap) -> HeaderMap {
    let listed = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed: Vec<String> =
        listed.flat_map(|value| value.split(',')).map(|name| name.trim().to_lowercase()).collect();
    let keep =
        |name: &HeaderName| !NOT_PASSED.contains(&name.as_str()) && !listed.iter().any(|other| other == name.as_str());
    headers.iter().filter(|(name, _)| keep(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_leave_the_app() {
        assert_eq!(clean("/a//b/"), "/a/b/");
        assert_eq!(clean("/v1.0/invoke/x/method/../../../../dapr/config"), "/dapr/config");
        assert_eq!(clean("/a/%2e%2E/b"), "/b");
        assert_eq!(clean(""), "/");
    }

    #[test]
    fn an_app_is_named_in_the_path_or_in_a_header() {
        let none = HeaderMap::new();
        let path = |path: &'static str| target(&Uri::from_static(path), &none);
        let found = |app: &str, path: &str| Some((app.to_owned(), path.to_owned()));
        assert_eq!(path("/v1.0/invoke/a.default/method/b/c?d=e"), found("a", "/b/c"));
        assert_eq!(path("/v1.0/invoke/a/method"), found("a", "/"));
        assert_eq!(path("/v1.0/invoke/a/methods"), None);
        assert_eq!(path("/v1.0/invoke//method/b"), None);
        assert_eq!(path("/b"), None);
        let headers =
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Basic ZGFwci1hcHAtaWQ6YQ=="))]);
        assert_eq!(target(&Uri::from_static("/b"), &headers), found("a", "/b"));
    }
}
