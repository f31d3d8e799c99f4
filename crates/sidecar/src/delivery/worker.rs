//! One worker per app, topic and partition: one message at a time, in order.

use std::time::Duration;

use tokio::sync::watch;

use super::answer::Answer;
use super::callback;
use super::subscriptions::Subscription;
use crate::envelope::{self, Summary};
use crate::log::{Message, NewMessage, Topic};
use crate::metadata;
use crate::sidecar::Sidecar;
use crate::tasks::Tasks;

/// How long an app that does not listen is left alone.
const ABSENT: Duration = Duration::from_millis(500);

struct Worker {
    sidecar: Sidecar,
    subscription: Subscription,
    partition: i16,
    position: i64,
    head: watch::Receiver<i64>,
}

/// Starts the workers of a subscription; they end when the sidecar stops, after the delivery under way.
pub(crate) async fn start(sidecar: &Sidecar, subscription: &Subscription, tasks: &Tasks) {
    let topic = &subscription.topic;
    let positions = loop {
        match sidecar.shared.positions.join(&sidecar.app_id, topic).await {
            Ok(positions) => break positions,
            Err(error) => tracing::warn!(%error, topic = topic.name, "positions could not be read; trying again"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    for (partition, position) in positions {
        let head = sidecar.shared.log.heads().follow(topic, partition);
        let (sidecar, subscription) = (sidecar.clone(), subscription.clone());
        tasks.spawn(Worker { sidecar, subscription, partition, position, head }.run());
    }
    if let Err(error) = sidecar.shared.log.refresh().await {
        tracing::warn!(%error, "the log's ends could not be read; trying again");
    }
}

impl Worker {
    async fn run(mut self) {
        let stop = self.sidecar.stop.clone();
        loop {
            let position = self.position;
            let head = tokio::select! {
                () = stop.cancelled() => return,
                head = self.head.wait_for(|head| *head > position) => match head {
                    Ok(head) => *head,
                    Err(_) => return,
                },
            };
            let log = &self.sidecar.shared.log;
            match log.read(&self.subscription.topic, self.partition, position).await {
                // Everything up to the end was forgotten before this group came.
                Ok(messages) if messages.is_empty() => self.advance(head),
                Ok(messages) => {
                    for message in messages {
                        if stop.is_cancelled() || !self.deal_with(&message).await {
                            return;
                        }
                        self.advance(message.offset + 1);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, topic = self.subscription.topic.name, "the log could not be read; trying again");
                    if self.stopped_within(Duration::from_secs(1)).await {
                        return;
                    }
                }
            }
        }
    }

    fn advance(&mut self, next_offset: i64) {
        self.position = next_offset;
        let group = &self.sidecar.app_id;
        self.sidecar.shared.positions.report(group, &self.subscription.topic, self.partition, next_offset);
    }

    /// Delivers one message until it is dealt with; false when the sidecar was stopped before that.
    async fn deal_with(&self, message: &Message) -> bool {
        let mut failures: u32 = 0;
        loop {
            let reason = match self.attempt(message).await {
                Attempt::Done => return true,
                Attempt::Absent => {
                    if self.stopped_within(ABSENT).await {
                        return false;
                    }
                    continue;
                }
                Attempt::Failed(reason) => reason,
            };
            failures = failures.saturating_add(1);
            if failures.is_power_of_two() {
                let Topic { pubsub, name } = &self.subscription.topic;
                let (app, partition, offset) = (&self.sidecar.app_id, self.partition, message.offset);
                tracing::warn!(app, pubsub, topic = name, partition, offset, failures, reason, "delivery failed");
            }
            if self.stopped_within(self.sidecar.shared.backoff.pause(failures)).await {
                return false;
            }
        }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        let raw = metadata::raw_payload(&self.subscription.metadata).unwrap_or(false);
        let (event, summary) = match self.event(message, raw) {
            Ok(event) => event,
            Err(error) => {
                let reason = format!("no envelope can be read: {error}");
                if self.subscription.dead_letter_topic.is_some() {
                    return self.give_up(message, None, &reason).await;
                }
                return Attempt::Failed(reason);
            }
        };
        if summary.expiration.is_some_and(|at| at < self.sidecar.shared.clock.now()) {
            return self.give_up(message, summary.id.as_deref(), "it has expired").await;
        }
        match callback::deliver(&self.sidecar, &self.subscription, message, event, &summary).await {
            Ok((status, body)) => match Answer::read(status, &body) {
                Answer::Done => Attempt::Done,
                Answer::Drop => self.give_up(message, summary.id.as_deref(), "the app does not want it").await,
                Answer::Retry(reason) => Attempt::Failed(reason),
            },
            Err(error) if error.is_connect() => Attempt::Absent,
            Err(error) => Attempt::Failed(callback::reason(&error)),
        }
    }

    fn event(&self, message: &Message, raw: bool) -> Result<(Vec<u8>, Summary), serde_json::Error> {
        if raw {
            let Topic { pubsub, name } = &self.subscription.topic;
            let random = &self.sidecar.shared.random;
            return Ok((envelope::around_raw(pubsub, name, &message.envelope, random)?, Summary::default()));
        }
        Ok((message.envelope.clone(), Summary::read(&message.envelope)?))
    }

    /// Puts the message, unchanged, on the dead-letter topic, or only logs that it is dropped.
    async fn give_up(&self, message: &Message, id: Option<&str>, reason: &str) -> Attempt {
        let Topic { pubsub, name } = &self.subscription.topic;
        let (app, partition, offset) = (&self.sidecar.app_id, self.partition, message.offset);
        let Some(dead_letters) = &self.subscription.dead_letter_topic else {
            tracing::warn!(app, pubsub, topic = name, partition, offset, id, reason, "event dropped");
            return Attempt::Done;
        };
        let log = &self.sidecar.shared.log;
        let topic = Topic { pubsub: pubsub.clone(), name: dead_letters.clone() };
        let copy = NewMessage {
            key: message.key.clone(),
            partition: log.partition(message.key.as_deref()),
            envelope: message.envelope.clone(),
            metadata: message.metadata.clone(),
        };
        match log.append(&topic, vec![copy]).await {
            Ok(()) => {
                tracing::warn!(
                    app,
                    pubsub,
                    topic = name,
                    partition,
                    offset,
                    id,
                    reason,
                    dead_letters,
                    "event set aside"
                );
                Attempt::Done
            }
            Err(error) => Attempt::Failed(format!("{dead_letters} could not be written: {error}")),
        }
    }

    async fn stopped_within(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.sidecar.stop.cancelled()).await.is_ok()
    }
}

/// What one attempt came to.
enum Attempt {
    Done,
    /// Nothing listens at the app's port.
    Absent,
    Failed(String),
}
