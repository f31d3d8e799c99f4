//! What a broker takes through a sidecar: events of the usual size, in the outbox's batches, with nothing behind them.

use std::time::Duration;

use clap::Args;
use events::CloudEvent;
use futures::future::try_join_all;
use platform::clock::Clock;
use platform::config::{Reader, ServiceConfig, Variables};
use platform::dapr::publish::{Message, Publisher};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::closed_loop::task;

/// The topic with the least on it.
const TOPIC: &str = "system-notifications";

/// A type that no service knows: whoever takes the topic passes over these.
const EVENT_TYPE: &str = "bench.published";

/// Rows of a batch of the outbox.
const BATCH: usize = 500;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The gRPC port of the sidecar
    #[arg(long)]
    grpc_port: u16,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Batches under way at a time; the outbox publishes to three topics at once
    #[arg(long, default_value_t = 3)]
    at_once: usize,
}

/// Publishes until the time is over.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    let config = ServiceConfig::read(&mut Reader::new(&Variables::default()), 0, 0, arguments.grpc_port);
    let (publisher, clock) = (Publisher::new(&config)?, Clock::system());
    publisher.publish(TOPIC, batch(&clock)).await?;
    let (began, end) = (Instant::now(), Duration::from_secs_f64(arguments.seconds));
    let published = try_join_all((0..arguments.at_once).map(async |_| {
        let mut published = 0;
        while began.elapsed() < end {
            publisher.publish(TOPIC, batch(&clock)).await?;
            published += BATCH;
        }
        anyhow::Ok(published)
    }));
    let published: usize = published.await?.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a count of messages is far below 2^52")]
    let per_second = published as f64 / began.elapsed().as_secs_f64();
    Ok(json!({ "per_second": per_second }))
}

fn batch(clock: &Clock) -> Vec<Message> {
    (0..BATCH).map(|number| message(clock, number)).collect()
}

fn message(clock: &Clock, number: usize) -> Message {
    let (id, workspace) = (clock.new_id(), format!("00000000-0000-7000-8000-{:012}", number % 100));
    let data = json!({
        "event_id": id,
        "event_type": EVENT_TYPE,
        "user_id": "bench",
        "organization_id": workspace,
        "sequence": 0,
        "timestamp": clock.now(),
        "metadata": { "source": "system", "version": "1.0" },
        // As long as the event of a task.
        "task_data": [task(number), task(number), task(number)],
    });
    let event = CloudEvent::for_publishing("bench", id, EVENT_TYPE, None, data);
    Message {
        id: id.to_string(),
        cloud_event: json!(event).to_string().into_bytes(),
        partition_key: workspace,
        traceparent: None,
    }
}

#[cfg(test)]
mod tests {
    use events::{Event, Received};

    use super::*;

    #[test]
    fn consumers_pass_over_what_is_published() {
        let message = message(&Clock::system(), 7);
        let read = Event::from_cloud_event(&message.cloud_event).unwrap();
        assert!(matches!(read, Received::Unknown { event_type, .. } if event_type == EVENT_TYPE), "{message:?}");
    }
}
