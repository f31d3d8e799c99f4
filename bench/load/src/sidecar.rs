//! A stand-in for the Dapr sidecar of the baseline: accepts what is published, remembers which tasks it was told of, and
//! hands the events on to the baseline's audit service. It runs on the load's core, so that it costs the baseline nothing.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use platform::http::loopback_client;
use platform::lifecycle::shutdown_on_signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::people::People;

/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where it listens on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// The file of tokens, whose keys it serves at /jwks
    #[arg(long)]
    tokens: PathBuf,
    /// Where events of topic task-events go
    #[arg(long)]
    deliver_to: Option<String>,
}

#[derive(Clone, Debug)]
struct Standin {
    jwks: Arc<Value>,
    told: Arc<Mutex<HashSet<String>>>,
    deliveries: Option<mpsc::UnboundedSender<Value>>,
}

/// Serves until SIGTERM.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let jwks = Arc::new(People::read(&arguments.tokens)?.jwks().clone());
    let deliveries = arguments.deliver_to.map(|url| {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(deliver(url, receiver));
        sender
    });
    let router = Router::new()
        .route("/jwks", get(async |State(standin): State<Standin>| Json(standin.jwks.as_ref().clone())))
        .route("/told", get(told))
        .route("/v1.0/publish/{pubsub}/{topic}", post(publish))
        .with_state(Standin { jwks, told: Arc::default(), deliveries });
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    let shutdown = shutdown_on_signal()?;
    Ok(axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await?)
}

async fn publish(
    State(standin): State<Standin>,
    Path((_, topic)): Path<(String, String)>,
    Json(event): Json<Value>,
) -> StatusCode {
    if event["event_type"] == "task.created"
        && let Some(id) = event["task_data"]["id"].as_str()
    {
        standin.told.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }
    if let Some(deliveries) = &standin.deliveries
        && topic == "task-events"
    {
        // The receiver is there as long as the process.
        let _ = deliveries.send(event);
    }
    StatusCode::NO_CONTENT
}

/// The ids of the tasks whose creation was told.
async fn told(State(standin): State<Standin>) -> Json<Value> {
    Json(json!(*standin.told.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// One event after the other, as a Kafka consumer does for a partition. What is refused is not tried again.
async fn deliver(url: String, mut events: mpsc::UnboundedReceiver<Value>) {
    let Ok(client) = loopback_client(PATIENCE) else { return };
    while let Some(event) = events.recv().await {
        let envelope = json!({
            "specversion": "1.0", "type": "com.dapr.event.sent", "source": "backend-api", "id": event["event_id"],
            "datacontenttype": "application/json", "pubsubname": "pubsub", "topic": "task-events", "data": event,
        });
        // Answered or not, the next one follows; reading the answer frees its connection.
        if let Ok(answer) = client.post(&url).json(&envelope).send().await {
            let _ = answer.bytes().await;
        }
    }
}
