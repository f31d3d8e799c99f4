//! Requests to audit-service of a running system, as its sidecar would make them.

use anyhow::{Context as _, anyhow};
use platform::config::{Secret, Variables};
use platform::dapr::API_TOKEN;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use standalone::{DataDirectory, Secrets, app_api_token, loopback_client, service_port};

use crate::cli::Place;

/// Asks the audit-service of one system.
pub(super) struct Client {
    http: reqwest::Client,
    port: u16,
    token: Secret,
}

impl Client {
    /// For the system of `place`.
    pub(super) fn of(place: &Place) -> anyhow::Result<Self> {
        let secrets = Secrets::of(&DataDirectory::open(&place.data()?)?);
        let token = app_api_token(&Variables::from_process(), &secrets)?;
        Ok(Self { http: loopback_client()?, port: service_port(audit_service::APP_ID, place.ports())?, token })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    pub(super) async fn post(&self, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path, &[])?;
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> anyhow::Result<RequestBuilder> {
        let base = format!("http://127.0.0.1:{}/internal/dead-letters{path}", self.port);
        let url = reqwest::Url::parse_with_params(&base, query)?;
        Ok(self.http.request(method, url).header(API_TOKEN, self.token.expose()))
    }

    /// The answer, unless it is a refusal, of which the text for people is told.
    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let port = self.port;
        let away = || {
            format!(
                "audit-service does not answer on port {port}: start the system with ./scripts/up, or say which one is \
                 meant with --data-dir and --port-offset"
            )
        };
        let answer = request.send().await.with_context(away)?;
        let status = answer.status();
        let body: Value = answer.json().await.with_context(away)?;
        if status.is_success() {
            return Ok(body);
        }
        Err(match (body["code"].as_str(), body["detail"].as_str()) {
            // Only to who shows another token there is no such path.
            (Some("not_found"), _) => anyhow!(
                "audit-service on port {port} is not of this data directory: say which system is meant with --data-dir \
                 and --port-offset"
            ),
            (_, Some(detail)) => anyhow!("{detail}"),
            (_, None) => anyhow!("audit-service answered {status}"),
        })
    }
}
