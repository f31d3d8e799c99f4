//! One of the people: an account, a token, an open socket.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use platform::clock::Clock;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::chores::chore;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// After how long without a message a socket has nothing more to tell.
const SILENCE: Duration = Duration::from_millis(300);

/// Somebody with an account and an open socket.
pub(crate) struct Person {
    http: Client,
    tasks: String,
    token: String,
    workspace: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_sequence: i64,
}

impl Person {
    /// Registers the `n`th person and opens their socket.
    pub(crate) async fn register(api: &str, socket: &str, n: usize, clock: &Clock) -> anyhow::Result<Self> {
        let http = platform::http::loopback_client(DEADLINE)?;
        let profile = json!({
            "email": format!("demo-{n}-{}@tidings.local", clock.new_id()), "password": clock.new_id().to_string(),
            "first_name": "Demo", "last_name": format!("No. {n}"), "timezone": "Europe/Berlin",
        });
        let answer = http.post(format!("{api}/api/auth/register")).json(&profile).send().await;
        let answer = answer.with_context(|| format!("nothing answers at {api}: start the system with ./scripts/up"))?;
        let made = answer.error_for_status()?;
        let made: Value = made.json().await?;
        let text =
            |pointer| made.pointer(pointer).and_then(Value::as_str).map(str::to_owned).context("a field is missing");
        let (id, token, workspace) = (text("/user/id")?, text("/access_token")?, text("/user/workspace_id")?);
        let (socket, _) = tokio_tungstenite::connect_async(socket).await.context("the socket does not open")?;
        let tasks = format!("{api}/api/{id}");
        let mut person = Self { http, tasks, token, workspace, socket, last_sequence: 0 };
        person.socket.send(Message::text(json!({"type": "auth", "token": person.token}).to_string())).await?;
        let subscribed = person.next().await?;
        ensure!(subscribed["type"] == "subscribed", "the socket answered {subscribed}");
        person.last_sequence = subscribed["sequence"].as_i64().context("no sequence")?;
        Ok(person)
    }

    /// Writes tasks, one after another.
    pub(crate) async fn write(&self, tasks: usize, clock: &Clock) -> anyhow::Result<()> {
        for n in 0..tasks {
            self.send(Method::POST, "tasks", Some(&chore(n, clock.now()))).await?;
        }
        Ok(())
    }

    /// Reads the socket until it has told `tasks` creations and is silent then, insists that each is this person's and in
    /// order, and returns how many it told.
    pub(crate) async fn watch(&mut self, tasks: usize) -> anyhow::Result<usize> {
        let mut created = 0;
        loop {
            let patience = if created < tasks { DEADLINE } else { SILENCE };
            match tokio::time::timeout(patience, self.next_event()).await {
                Ok(event) => created += usize::from(event?["event_type"] == "task.created"),
                Err(_) => return Ok(created),
            }
        }
    }

    /// How many entries a list has, page by page.
    pub(crate) async fn count(&self, list: &str, filter: &str) -> anyhow::Result<usize> {
        let (mut count, mut cursor) = (0, String::new());
        loop {
            let page = self.send(Method::GET, &format!("{list}?limit=200{filter}{cursor}"), None).await?;
            count += page["items"].as_array().map_or(0, Vec::len);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(count),
            }
        }
    }

    /// How many creations the history has, once it has `expected` or the deadline has passed.
    pub(crate) async fn history(&self, expected: usize) -> anyhow::Result<usize> {
        let started = Instant::now();
        loop {
            let entries = self.count("audit-logs", "&event_type=task.created").await?;
            if entries >= expected || started.elapsed() > DEADLINE {
                return Ok(entries);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Changes a task again and again, each time until the socket tells it.
    pub(crate) async fn time_changes(&mut self, changes: usize) -> anyhow::Result<Vec<Duration>> {
        let task = self.send(Method::POST, "tasks", Some(&json!({"title": "Changed"}))).await?;
        let id = task["id"].as_str().context("no id")?.to_owned();
        while self.next_event().await?["task_data"]["id"] != *id {}
        let mut times = Vec::new();
        for n in 0..changes {
            let started = Instant::now();
            self.send(Method::PATCH, &format!("tasks/{id}"), Some(&json!({"title": format!("Changed {n}")}))).await?;
            let event = self.next_event().await?;
            ensure!(event["event_type"] == "task.updated", "the socket told {event}");
            times.push(started.elapsed());
        }
        Ok(times)
    }

    async fn next_event(&mut self) -> anyhow::Result<Value> {
        let message = self.next().await?;
        let sequence = message["sequence"].as_i64().context("no sequence")?;
        ensure!(message["event"]["organization_id"] == *self.workspace, "another's event: {message}");
        ensure!(sequence > self.last_sequence, "out of order: {sequence} after {}", self.last_sequence);
        self.last_sequence = sequence;
        Ok(message["event"].clone())
    }

    async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.socket.next()).await.context("the socket is silent")?;
            match message.context("the socket was closed")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(frame) => bail!("the socket was closed: {frame:?}"),
                _ => {}
            }
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = self.http.request(method, format!("{}/{path}", self.tasks)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}
