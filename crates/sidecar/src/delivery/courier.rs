//! One attempt at one message, and what is to become of the message then.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::answer::Answer;
use super::attempts::Attempts;
use super::subscriptions::Subscription;
use super::{callback, dead_letter};
use crate::envelope::{self, Summary};
use crate::log::{Message, Topic};
use crate::metadata;
use crate::resources::InboundPolicy;
use crate::sidecar::Sidecar;

/// A message on its way to the app.
#[derive(Debug)]
pub(super) struct Delivery {
    message: Arc<Message>,
    /// The event's id, once it was read.
    id: Option<String>,
    attempts: Attempts,
    /// How often the log began again with it.
    rounds: u32,
    /// Why it is a dead letter, where only the dead-letter topic has still to take it.
    dead: Option<String>,
}

impl From<Arc<Message>> for Delivery {
    fn from(message: Arc<Message>) -> Self {
        Self { message, id: None, attempts: Attempts::default(), rounds: 0, dead: None }
    }
}

/// What is to become of a message.
pub(super) enum Verdict {
    /// It is dealt with.
    Done,
    /// It is to be tried again after a pause.
    Again(Duration),
    /// Nothing listens at the app's port, so no message can go.
    Absent,
}

/// Takes the messages of one partition to the app.
pub(super) struct Courier {
    pub(super) sidecar: Sidecar,
    pub(super) subscription: Subscription,
    pub(super) partition: i16,
    policy: InboundPolicy,
}

impl Courier {
    pub(super) fn new(sidecar: Sidecar, subscription: Subscription, partition: i16) -> Self {
        let policy = sidecar.shared.resources.inbound_policy(&subscription.topic.pubsub, &sidecar.app_id);
        Self { sidecar, subscription, partition, policy }
    }

    /// Tries to get the message off the worker's hands.
    pub(super) async fn attempt(&self, delivery: &mut Delivery) -> Verdict {
        if let Some(reason) = delivery.dead.take() {
            return self.set_aside(delivery, reason).await;
        }
        let (event, summary) = match self.event(&delivery.message) {
            Ok(event) => event,
            Err(error) => {
                let reason = format!("no envelope can be read: {error}");
                return self.exhausted(delivery, reason).await;
            }
        };
        delivery.id.clone_from(&summary.id);
        if summary.expiration.is_some_and(|at| at < self.sidecar.shared.clock.now()) {
            return self.set_aside(delivery, "it has expired".to_owned()).await;
        }
        let started = Instant::now();
        let (message, timeout) = (&delivery.message, self.policy.timeout);
        let answer = match callback::deliver(&self.sidecar, &self.subscription, message, event, &summary, timeout).await
        {
            Ok((status, body)) => Answer::read(status, &body),
            Err(error) if error.is_connect() => return Verdict::Absent,
            Err(error) => Answer::Retry(callback::reason(&error), None),
        };
        match answer {
            Answer::Done => Verdict::Done,
            Answer::Drop(reason) => {
                delivery.attempts.total += 1;
                self.set_aside(delivery, reason.to_owned()).await
            }
            Answer::Retry(reason, status) => self.failed(delivery, reason, started.elapsed(), status).await,
        }
    }

    fn event(&self, message: &Message) -> Result<(Bytes, Summary), serde_json::Error> {
        if metadata::raw_payload(&self.subscription.metadata).unwrap_or(false) {
            let Topic { pubsub, name } = &self.subscription.topic;
            let random = &self.sidecar.shared.random;
            let event = envelope::around_raw(pubsub, name, &message.envelope, random)?;
            return Ok((event.into(), Summary::default()));
        }
        Ok((message.envelope.clone(), Summary::read(&message.envelope)?))
    }

    async fn failed(
        &self,
        delivery: &mut Delivery,
        reason: String,
        took: Duration,
        status: Option<StatusCode>,
    ) -> Verdict {
        let random = &self.sidecar.shared.random;
        let Some(pause) = delivery.attempts.failed(took, status, self.policy.retry.as_ref(), random) else {
            return self.exhausted(delivery, reason).await;
        };
        if delivery.attempts.total.is_power_of_two() {
            self.warn(delivery, &reason, "delivery failed; trying again");
        }
        Verdict::Again(pause)
    }

    /// No policy allows another attempt: a dead letter, or, where there are none, the log delivers it again, for ever.
    async fn exhausted(&self, delivery: &mut Delivery, reason: String) -> Verdict {
        if self.subscription.dead_letter_topic.is_some() {
            return self.set_aside(delivery, reason).await;
        }
        delivery.attempts.begin_again();
        let again = self.after_a_round(delivery);
        if delivery.rounds.is_power_of_two() {
            self.warn(delivery, &reason, "delivery failed, and there is no dead-letter topic; delivering again");
        }
        again
    }

    fn after_a_round(&self, delivery: &mut Delivery) -> Verdict {
        delivery.rounds = delivery.rounds.saturating_add(1);
        Verdict::Again(self.sidecar.shared.backoff.pause(delivery.rounds))
    }

    /// Puts the message, unchanged, on the dead-letter topic, or only logs that it is dropped.
    async fn set_aside(&self, delivery: &mut Delivery, reason: String) -> Verdict {
        let Some(dead_letters) = &self.subscription.dead_letter_topic else {
            self.warn(delivery, &reason, "event dropped");
            return Verdict::Done;
        };
        let (log, message) = (&self.sidecar.shared.log, &delivery.message);
        let (partition, attempts) = (log.partition(message.key.as_deref()), delivery.attempts.total);
        let letter = dead_letter::of(message, partition, &reason, attempts, &self.sidecar.app_id);
        let topic = Topic { pubsub: self.subscription.log_topic.pubsub.clone(), name: dead_letters.clone() };
        if let Err(error) = log.append(&topic, vec![letter]).await {
            tracing::warn!(%error, topic = dead_letters, "a dead letter could not be stored; trying again");
            delivery.dead = Some(reason);
            return self.after_a_round(delivery);
        }
        self.warn(delivery, &reason, "event set aside as a dead letter");
        Verdict::Done
    }

    fn warn(&self, delivery: &Delivery, reason: &str, what: &str) {
        let Topic { pubsub, name } = &self.subscription.topic;
        let (app, partition, offset) = (self.sidecar.app_id.as_str(), self.partition, delivery.message.offset);
        let (id, attempts) = (delivery.id.as_deref(), delivery.attempts.total);
        tracing::warn!(app, pubsub, topic = name, partition, offset, id, attempts, reason, "{what}");
    }
}
