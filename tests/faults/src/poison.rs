//! Messages that no consumer can read, amid good ones.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use platform::random::Random;
use reqwest::Client;
use serde_json::json;
use tokio::time::{Instant, interval};

use crate::system::System;

/// Topics of tasks: the history's and the sockets'.
const TOPICS: [&str; 2] = ["task-events", "task-updates"];
/// Between two rounds, each of one message of every kind for every topic.
const PAUSE: Duration = Duration::from_millis(250);

/// A topic and the mark of a message that was published to it.
pub(crate) type Poisoned = BTreeSet<(String, String)>;

/// How a message is unreadable.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// An event of no kind that anybody knows.
    NotOurs,
    /// Text in an event.
    Text,
    /// Bytes without any event around them.
    Bytes,
    /// JSON without any event around it.
    Json,
    /// An event that lacks nearly everything.
    Hollow,
    /// The JSON `null` with a header of which daprd makes a member of it, and panics; once is enough.
    Null,
}

const KINDS: [Kind; 5] = [Kind::NotOurs, Kind::Text, Kind::Bytes, Kind::Json, Kind::Hollow];

impl Kind {
    /// The content type, whether it goes to the broker as it is, and the message.
    fn message(self, mark: &str) -> (&'static str, bool, Vec<u8>) {
        match self {
            Self::NotOurs => ("application/json", false, json!({ "poison": mark }).to_string().into()),
            Self::Text => ("text/plain", false, mark.into()),
            Self::Bytes => ("application/octet-stream", true, [b"\xff\xfe\0", mark.as_bytes()].concat()),
            Self::Json => ("application/json", true, json!([mark]).to_string().into()),
            Self::Hollow => ("application/json", true, json!({ "id": mark, "specversion": "1.0" }).to_string().into()),
            Self::Null => ("application/json", true, mark.into()),
        }
    }
}

/// Publishes them for `lasts` into the partition of `workspace`; returns which.
pub(crate) async fn publish(
    system: &System,
    workspace: &str,
    lasts: Duration,
    random: &Random,
) -> anyhow::Result<Poisoned> {
    let client = platform::http::loopback_client(Duration::from_secs(10))?;
    let (mut ticks, end, mut poisoned) = (interval(PAUSE), Instant::now() + lasts, Poisoned::new());
    for topic in TOPICS {
        publish_one(&client, system, topic, workspace, Kind::Null.message("null")).await?;
        poisoned.insert((topic.to_owned(), "null".to_owned()));
    }
    while Instant::now() < end {
        ticks.tick().await;
        for (topic, kind) in TOPICS.iter().flat_map(|topic| KINDS.map(|kind| (*topic, kind))) {
            let mark = random.uuid().to_string();
            publish_one(&client, system, topic, workspace, kind.message(&mark))
                .await
                .with_context(|| format!("{kind:?} could not be published to {topic}"))?;
            poisoned.insert((topic.to_owned(), mark));
        }
    }
    Ok(poisoned)
}

async fn publish_one(
    client: &Client,
    system: &System,
    topic: &str,
    key: &str,
    (content_type, raw, message): (&str, bool, Vec<u8>),
) -> anyhow::Result<()> {
    let url = format!(
        "http://127.0.0.1:{}/v1.0/publish/pubsub/{topic}?metadata.partitionKey={key}&metadata.rawPayload={raw}&metadata.traceid=none",
        system.port(3500)
    );
    let answer = client.post(url).header("content-type", content_type).body(message).send().await?;
    ensure!(answer.status().is_success(), "{}: {}", answer.status(), answer.text().await.unwrap_or_default());
    Ok(())
}
