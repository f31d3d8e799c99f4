//! What consumers gave up: nothing, but for what nobody can read.

use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::poison::Poisoned;
use crate::system::{APP_API_TOKEN, POLL, System};

/// How long the last letters may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Says what is wrong with the list: each of `poisoned` is to be there once with its cause, and nothing else.
pub(crate) async fn compare(system: &System, poisoned: &Poisoned) -> anyhow::Result<Vec<String>> {
    let client = platform::http::loopback_client(Duration::from_secs(10))?;
    let deadline = Instant::now() + PATIENCE;
    let mut letters = list(&client, system).await?;
    while letters.len() < poisoned.len() && Instant::now() < deadline {
        sleep(10 * POLL).await;
        letters = list(&client, system).await?;
    }
    let (mut missing, mut wrong) = (poisoned.clone(), Vec::new());
    for letter in &letters {
        let id = letter["id"].as_str().context("a letter has an id")?;
        let text = text(&ask(&client, system, &format!("/{id}")).await?);
        let topic = letter["topic"].as_str().unwrap_or_default();
        // A mark is in nothing else, but for the bare `null`.
        let has = |mark: &str| if mark == "null" { text.trim() == mark } else { text.contains(mark) };
        let known = missing.iter().find(|(of, mark)| of == topic && has(mark)).cloned();
        match known.map(|known| missing.remove(&known)) {
            Some(_) if letter["cause"].as_str().is_some_and(|cause| !cause.is_empty()) => {}
            Some(_) => wrong.push(format!("a dead letter has no cause: {letter}")),
            None => wrong.push(format!("there is a dead letter: {letter}")),
        }
    }
    wrong.truncate(3);
    if !missing.is_empty() {
        wrong.push(format!("{} of {} poisoned messages are no dead letters", missing.len(), poisoned.len()));
    }
    Ok(wrong)
}

async fn list(client: &Client, system: &System) -> anyhow::Result<Vec<Value>> {
    let (mut letters, mut query) = (Vec::new(), "?limit=200".to_owned());
    loop {
        let mut page = ask(client, system, &query).await?;
        letters.append(page["items"].as_array_mut().context("a list has items")?);
        let Some(next) = page["next"].as_str() else { return Ok(letters) };
        query = format!("?limit=200&after={next}");
    }
}

async fn ask(client: &Client, system: &System, rest: &str) -> anyhow::Result<Value> {
    let url = format!("http://127.0.0.1:{}/internal/dead-letters{rest}", system.port(8002));
    let answer = client.get(url).header("dapr-api-token", APP_API_TOKEN).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

/// A letter's message, as far as it is text.
fn text(letter: &Value) -> String {
    let message = &letter["message"];
    let bytes = message.as_str().filter(|_| letter["encoding"] == "base64").and_then(|text| STANDARD.decode(text).ok());
    bytes.map_or_else(|| message.to_string(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}
