//! Settings that are kept as secrets: a variable whose value is `secret:<store>/<key>` is read through the service's own
//! sidecar at the start, before the settings are looked at.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::API_TOKEN;
use crate::config::{ConfigErrors, Reader, Variables};

/// What a value begins with that is kept elsewhere.
const PREFIX: &str = "secret:";

/// How long the sidecar may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is needed to reach the sidecar cannot be asked of it.
const OF_THE_SIDECAR: [&str; 3] = ["DAPR_HTTP_PORT", "DAPR_GRPC_PORT", "DAPR_API_TOKEN"];

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    variable: String,
    store: String,
    key: String,
}

/// Whether a value names a secret instead of being one.
pub fn names_a_secret(value: &str) -> bool {
    value.trim_start().starts_with(PREFIX)
}

/// The variables with every secret in its place. Without any that asks for one, nothing is asked. The sidecar is waited for, a
/// minute at most; its API is at `DAPR_HTTP_PORT`, else `dapr_http_port`.
///
/// # Errors
/// Every setting whose secret cannot be had, with the store and the key, never with a value.
pub async fn resolve(variables: &Variables, dapr_http_port: u16) -> Result<Variables, ConfigErrors> {
    resolve_within(variables, dapr_http_port, PATIENCE).await
}

async fn resolve_within(
    variables: &Variables,
    dapr_http_port: u16,
    patience: Duration,
) -> Result<Variables, ConfigErrors> {
    let mut mistakes = Vec::new();
    let asked = variables.iter().filter(|(_, value)| names_a_secret(value));
    let places: Vec<Place> =
        asked.filter_map(|(name, value)| place(name, value).map_err(|mistake| mistakes.push(mistake)).ok()).collect();
    let mut resolved = variables.clone();
    if !places.is_empty() {
        let mut reader = Reader::new(variables);
        let port = reader.parse_or("DAPR_HTTP_PORT", dapr_http_port);
        let store = Secrets::new(port, reader.optional("DAPR_API_TOKEN"))?;
        store.until_there(&places, patience).await?;
        for place in places {
            match store.read(&place).await {
                Ok(value) => resolved = resolved.with(&place.variable, value),
                Err(why) => mistakes.push(format!("  {why}")),
            }
        }
    }
    if mistakes.is_empty() { Ok(resolved) } else { Err(ConfigErrors(mistakes)) }
}

fn place(variable: &str, value: &str) -> Result<Place, String> {
    if OF_THE_SIDECAR.contains(&variable) {
        return Err(format!("  {variable} cannot be a secret: the sidecar is reached by it"));
    }
    let (store, key) = value.trim().strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).unwrap_or_default();
    if store.is_empty() || key.is_empty() {
        return Err(format!("  {variable} must be secret:<store>/<key>, such as secret:secrets/SMTP_PASSWORD"));
    }
    Ok(Place { variable: variable.to_owned(), store: store.to_owned(), key: key.to_owned() })
}

/// The secrets API of the sidecar.
struct Secrets<'a> {
    http: reqwest::Client,
    base: String,
    token: Option<&'a str>,
}

impl<'a> Secrets<'a> {
    fn new(port: u16, token: Option<&'a str>) -> Result<Self, ConfigErrors> {
        let http = crate::http::loopback_client(TIMEOUT);
        let http = http.map_err(|error| ConfigErrors(vec![format!("  the HTTP client cannot be made: {error}")]))?;
        Ok(Self { http, base: format!("http://127.0.0.1:{port}"), token })
    }

    /// Waits for its outbound health: the other one waits for this service.
    async fn until_there(&self, places: &[Place], patience: Duration) -> Result<(), ConfigErrors> {
        let url = format!("{}/v1.0/healthz/outbound", self.base);
        let deadline = Instant::now() + patience;
        loop {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let (base, seconds) = (&self.base, patience.as_secs());
                let why = |Place { variable, store, key }: &Place| {
                    format!(
                        "  {variable} is the secret {key} of store {store}, but the sidecar at {base} was not there within {seconds} s"
                    )
                };
                return Err(ConfigErrors(places.iter().map(why).collect()));
            }
            sleep(PAUSE).await;
        }
    }

    /// # Errors
    /// Why not; the text has no part of any secret.
    async fn read(&self, place: &Place) -> Result<String, String> {
        let Place { variable, store, key } = place;
        let what = format!("{variable} is the secret {key} of store {store}");
        let mut url = Url::parse(&self.base).map_err(|error| format!("{what}: {error}"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["v1.0", "secrets", store, key]);
        }
        let mut request = self.http.get(url);
        if let Some(token) = self.token {
            request = request.header(API_TOKEN, token);
        }
        let answer = request.send().await.map_err(|_| format!("{what}, but the sidecar gave no answer"))?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status != StatusCode::OK {
            return Err(format!("{what}, {}", refusal(status, body["errorCode"].as_str())));
        }
        match value(body.as_object(), key) {
            Some("") => Err(format!("{what}, which is empty or not set")),
            Some(value) => Ok(value.to_owned()),
            None => Err(format!("{what}, which has several values: name a store without multiValued")),
        }
    }
}

fn refusal(status: StatusCode, code: Option<&str>) -> String {
    match (status.as_u16(), code) {
        (_, Some("ERR_SECRET_STORE_NOT_FOUND" | "ERR_SECRET_STORES_NOT_CONFIGURED")) => {
            "but the sidecar has no such store: look at components/ and its scopes".to_owned()
        }
        (_, Some("ERR_PERMISSION_DENIED")) => "which this service may not read".to_owned(),
        (_, Some("ERR_SECRET_GET")) => "which is not in the store".to_owned(),
        (401, None) => "but the sidecar refuses DAPR_API_TOKEN".to_owned(),
        (status, code) => format!("but the sidecar answered {status} {}", code.unwrap_or_default()),
    }
}

/// The value under the secret's own name, else the only one.
fn value<'a>(secret: Option<&'a Map<String, Value>>, key: &str) -> Option<&'a str> {
    let secret = secret?;
    let only = || secret.values().next().filter(|_| secret.len() == 1);
    secret.get(key).or_else(only)?.as_str()
}

#[cfg(test)]
mod tests {
    use axum::extract::Path;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use axum::{Json, Router};
    use serde_json::json;

    use super::*;

    /// A sidecar as daprd answers.
    async fn sidecar() -> u16 {
        let secret = |Path((store, key)): Path<(String, String)>, headers: HeaderMap| async move {
            let error =
                |status: u16, code: &str| (StatusCode::from_u16(status).unwrap(), Json(json!({"errorCode": code})));
            match (store.as_str(), key.as_str()) {
                _ if headers.get(API_TOKEN).is_none_or(|token| token != "let me in") => {
                    (StatusCode::UNAUTHORIZED, Json(json!("invalid api token")))
                }
                ("file", "mail/password") => (StatusCode::OK, Json(json!({"mail/password": "hunter2"}))),
                ("vault", "one") => (StatusCode::OK, Json(json!({"value": "hunter3"}))),
                ("vault", "several") => (StatusCode::OK, Json(json!({"a": "hunter4", "b": "hunter5"}))),
                ("env", "EMPTY") => (StatusCode::OK, Json(json!({"EMPTY": ""}))),
                ("secret", _) => error(403, "ERR_PERMISSION_DENIED"),
                ("file", _) => error(500, "ERR_SECRET_GET"),
                _ => error(401, "ERR_SECRET_STORE_NOT_FOUND"),
            }
        };
        let router = Router::new()
            .route("/v1.0/healthz/outbound", get(|| async { StatusCode::NO_CONTENT }))
            .route("/v1.0/secrets/{store}/{key}", get(secret));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        port
    }

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().fold(Variables::default(), |variables, (name, value)| variables.with(name, *value))
    }

    #[tokio::test]
    async fn a_setting_may_be_kept_in_a_store() {
        let port = sidecar().await;
        let given = [
            ("DAPR_API_TOKEN", "let me in"),
            ("SMTP_PASSWORD", "secret:file/mail/password"),
            ("OTHER", " secret:vault/one "),
            ("PLAIN", "no secret:file/x"),
        ];
        let resolved = resolve(&variables(&given), port).await.unwrap();
        let reader = Reader::new(&resolved);
        assert_eq!(reader.optional("SMTP_PASSWORD"), Some("hunter2"));
        assert_eq!(reader.optional("OTHER"), Some("hunter3"));
        assert_eq!(reader.optional("PLAIN"), Some("no secret:file/x"));
    }

    #[tokio::test]
    async fn every_secret_that_cannot_be_had_is_told_with_its_setting_store_and_key_and_no_value() {
        let port = sidecar().await;
        let given = [
            ("DAPR_API_TOKEN", "let me in"),
            ("DAPR_GRPC_PORT", "secret:file/port"),
            ("A", "secret:file/missing"),
            ("B", "secret:nowhere/key"),
            ("C", "secret:vault/several"),
            ("D", "secret:env/EMPTY"),
            ("E", "secret:secret/key"),
            ("F", "secret:file"),
        ];
        let ConfigErrors(mistakes) = resolve(&variables(&given), port).await.unwrap_err();
        let text = mistakes.join("\n");
        for expected in [
            "DAPR_GRPC_PORT cannot be a secret",
            "A is the secret missing of store file, which is not in the store",
            "B is the secret key of store nowhere, but the sidecar has no such store",
            "C is the secret several of store vault, which has several values",
            "D is the secret EMPTY of store env, which is empty or not set",
            "E is the secret key of store secret, which this service may not read",
            "F must be secret:<store>/<key>",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
        assert!(!text.contains("hunter"), "{text}");
        let refused = resolve(&variables(&[("A", "secret:file/missing")]), port).await.unwrap_err().to_string();
        assert!(refused.contains("refuses DAPR_API_TOKEN"), "{refused}");
    }

    #[tokio::test]
    async fn a_sidecar_that_does_not_come_is_not_waited_for_for_ever() {
        // Nothing listens at port 1, and nobody asks where there is no secret.
        assert!(resolve(&variables(&[("A", "b")]), 1).await.is_ok());
        let asked = resolve_within(&variables(&[("A", "secret:file/key")]), 1, Duration::ZERO).await;
        let told = asked.unwrap_err().to_string();
        assert!(
            told.contains("A is the secret key of store file, but the sidecar at http://127.0.0.1:1 was not"),
            "{told}"
        );
    }
}
