//! Dapr service invocation over the sidecar's HTTP API (gRPC invocation loses status codes and headers).

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::API_TOKEN;
use crate::config::{Secret, ServiceConfig};
use crate::problem::{FieldError, Problem};
use crate::trace::{TRACEPARENT, TraceContext};

/// How long another service may take to answer; longer than both attempts that a sidecar makes (`components/resiliency.yaml`).
const TIMEOUT: Duration = Duration::from_secs(7);

/// What is read of the problem that a service answered with.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

/// Why another service gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The sidecar or the service behind it is away.
    #[error("{app} cannot be reached: {cause}")]
    Unreachable {
        /// The app-id.
        app: String,
        /// What was seen.
        cause: String,
    },
    /// It answered with a status that means no.
    #[error("{app} answered {status}: {body}")]
    Refused {
        /// The app-id.
        app: String,
        /// Its status.
        status: StatusCode,
        /// Its problem (RFC 9457), if it answered with one of ours.
        problem: Option<Box<Refusal>>,
        /// The start of its body, for the log.
        body: String,
    },
}

impl InvokeError {
    /// The status of an answer that was a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unreachable { .. } => None,
        }
    }

    /// The code of the problem that it answered with.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { problem, .. } => problem.as_ref().map(|problem| problem.code.as_str()),
            Self::Unreachable { .. } => None,
        }
    }

    /// What to tell a caller whose own request was handed on: the service's problem as it is, if it answered with `status`.
    /// Anything else is no fault of theirs: 503.
    pub fn pass_on(self, refusal: StatusCode) -> Problem {
        match self {
            Self::Refused { status, problem: Some(problem), .. } if status == refusal => {
                let Refusal { code, title, detail, errors } = *problem;
                errors.into_iter().fold(Problem::new(status, code, title).detail(detail), Problem::field)
            }
            other => other.into(),
        }
    }
}

impl From<InvokeError> for Problem {
    /// Whatever it was, the caller can only try again: 503.
    fn from(error: InvokeError) -> Self {
        Self::unavailable("service_unavailable", "A part of the system is away. Try again shortly.", &error)
    }
}

/// Calls other services through this service's sidecar.
#[derive(Clone, Debug)]
pub struct Invoker {
    http: reqwest::Client,
    base: String,
    token: Option<Secret>,
}

impl Invoker {
    /// An invoker over the sidecar of `config`.
    pub fn new(http: reqwest::Client, config: &ServiceConfig) -> Self {
        let base = format!("http://127.0.0.1:{}/v1.0/invoke", config.dapr_http_port);
        Self { http, base, token: config.dapr_api_token.clone() }
    }

    /// `GET`s `path` of `app` with `query`.
    ///
    /// # Errors
    /// When there is no answer within 7 s, or one that is not 2xx.
    pub async fn get<Q: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        app: &str,
        path: &str,
        query: &Q,
        trace: Option<&TraceContext>,
    ) -> Result<T, InvokeError> {
        let query = serde_urlencoded::to_string(query).map_err(|error| unreachable_app(app, &error))?;
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.send(app, self.request(Method::GET, app, &path, trace)).await
    }

    /// `POST`s `body` to `path` of `app`.
    ///
    /// # Errors
    /// When there is no answer within 7 s, or one that is not 2xx.
    pub async fn post<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        app: &str,
        path: &str,
        body: &B,
        trace: Option<&TraceContext>,
    ) -> Result<T, InvokeError> {
        self.send(app, self.request(Method::POST, app, path, trace).json(body)).await
    }

    /// `PATCH`es `path` of `app` with `body`.
    ///
    /// # Errors
    /// When there is no answer within 7 s, or one that is not 2xx.
    pub async fn patch<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        app: &str,
        path: &str,
        body: &B,
        trace: Option<&TraceContext>,
    ) -> Result<T, InvokeError> {
        self.send(app, self.request(Method::PATCH, app, path, trace).json(body)).await
    }

    fn request(&self, method: Method, app: &str, path: &str, trace: Option<&TraceContext>) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}/{app}/method/{path}", self.base)).timeout(TIMEOUT);
        if let Some(token) = &self.token {
            request = request.header(API_TOKEN, token.expose());
        }
        if let Some(trace) = trace {
            request = request.header(TRACEPARENT, trace.as_str());
        }
        request
    }

    async fn send<T: DeserializeOwned>(&self, app: &str, request: reqwest::RequestBuilder) -> Result<T, InvokeError> {
        let answer = request.send().await.map_err(|error| unreachable_app(app, &error))?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.text().await.unwrap_or_default();
            let (problem, body) = (serde_json::from_str(&text).ok(), text.chars().take(300).collect());
            return Err(InvokeError::Refused { app: app.to_owned(), status, problem, body });
        }
        answer.json().await.map_err(|error| unreachable_app(app, &error))
    }
}

fn unreachable_app(app: &str, cause: &dyn std::error::Error) -> InvokeError {
    InvokeError::Unreachable { app: app.to_owned(), cause: cause.to_string() }
}
