//! A user, and how they ask.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::system::System;

/// Longer than the system lets any request wait.
const TIMEOUT: Duration = Duration::from_secs(35);
/// How long a question that must be answered is asked again.
const PATIENCE: Duration = Duration::from_mins(1);
/// Entries of a page.
const PAGE: u32 = 200;
/// Of those who register.
const PASSWORD: &str = "correct horse battery staple";

/// Someone who has a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) socket: String,
    api: String,
    http: Client,
}

/// An answer that came in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_problem: bool,
    /// Null without a body.
    pub(crate) body: Value,
}

impl Person {
    pub(crate) fn new(system: &System, id: String) -> anyhow::Result<Self> {
        let token = system.token(&id)?;
        Self::with_token(system, id, token)
    }

    /// Somebody who has an e-mail address, and a token for a quarter of an hour.
    pub(crate) async fn register(system: &System, name: &str) -> anyhow::Result<Self> {
        let nobody = Self::with_token(system, String::new(), String::new())?;
        let newcomer = json!({
            "email": format!("{name}@example.org"), "password": PASSWORD, "first_name": name, "last_name": "Liddell",
        });
        let url = format!("{}/api/auth/register", nobody.api);
        let answer: Value = nobody.http.post(url).json(&newcomer).send().await?.error_for_status()?.json().await?;
        let id = answer["user"]["id"].as_str().context("a user has an id")?.to_owned();
        let token = answer["access_token"].as_str().context("who registers has a token")?.to_owned();
        Self::with_token(system, id, token)
    }

    fn with_token(system: &System, id: String, token: String) -> anyhow::Result<Self> {
        let socket = format!("ws://127.0.0.1:{}/ws", system.port(8005));
        let api = format!("http://127.0.0.1:{}", system.port(8000));
        Ok(Self { id, token, socket, api, http: platform::http::loopback_client(TIMEOUT)? })
    }

    /// Asks once. An error says that it is unclear what became of the request.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("{}/api/{}{path}", self.api, self.id);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.as_bytes().to_vec());
        let is_problem = kind.as_deref() == Some(b"application/problem+json");
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Answer { status, is_problem, body })
    }

    /// Reads, until there is an answer.
    pub(crate) async fn read(&self, path: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = match self.ask(Method::GET, path, None, None).await {
                Ok(Answer { status: 200, body, .. }) => return Ok(body),
                Ok(answer) => format!("{} {}", answer.status, answer.body),
                Err(error) => error.to_string(),
            };
            ensure!(Instant::now() < deadline, "{path} of {} is not answered: {said}", self.id);
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Reads what `filter` (such as `&status=open`) leaves of a list, to its end.
    pub(crate) async fn read_all(&self, list: &str, filter: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut path) = (Vec::new(), format!("/{list}?limit={PAGE}{filter}"));
        loop {
            let mut page = self.read(&path).await?;
            let found = page["items"].as_array_mut().context("a list has items")?;
            items.append(found);
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(items) };
            path = format!("/{list}?limit={PAGE}{filter}&cursor={cursor}");
        }
    }
}
