//! A delivery of any topic: read, acted on, and answered as Dapr expects it.

use std::fmt::Display;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use events::{Event, Received, Topic};
use prometheus_client::metrics::counter::Counter;
use sea_orm::DbErr;

use super::subscribe::{MAX_DELIVERY, Outcome};
use crate::database::refuses_data;
use crate::metrics::Metrics;

/// An event that was delivered.
#[derive(Debug)]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

/// Takes deliveries, and counts what becomes of them.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Events that were acted on.
    received: Counter,
    /// Events of a type that this version does not know; acknowledged.
    unknown: Counter,
    /// Messages that cannot be read or stored; they went to the dead-letter topic.
    malformed: Counter,
}

impl Consumer {
    /// Counts that are shown among `metrics`.
    pub fn register(metrics: &Metrics) -> Self {
        Self {
            received: metrics.counter("events_received", "Events that were acted on"),
            unknown: metrics.counter("events_unknown", "Events of a type that this version does not know"),
            malformed: metrics.counter("events_malformed", "Messages sent to the dead-letter topic"),
        }
    }

    /// Acts on what was delivered, and says what the sidecar is to do with the message.
    pub async fn receive(
        &self,
        topic: Topic,
        body: Result<Bytes, BytesRejection>,
        act: impl AsyncFnOnce(Delivery) -> Result<(), DbErr>,
    ) -> Outcome {
        let body = match body {
            Ok(body) => body,
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return self.refuse(topic, &format!("is larger than {MAX_DELIVERY} bytes"));
            }
            Err(rejection) => {
                tracing::warn!(%topic, error = rejection.body_text(), "a delivery broke off");
                return Outcome::Retry;
            }
        };
        match Event::from_cloud_event(&body) {
            Ok(Received::Known { event, traceparent, .. }) => {
                self.carry_out(topic, Delivery { event: *event, traceparent }, act).await
            }
            Ok(Received::Unknown { event_type, event_id, .. }) => {
                self.unknown.inc();
                tracing::info!(%topic, %event_id, ?event_type, "an event of an unknown type was passed over");
                Outcome::Success
            }
            Err(malformed) => self.refuse(topic, &malformed),
        }
    }

    async fn carry_out(
        &self,
        topic: Topic,
        delivery: Delivery,
        act: impl AsyncFnOnce(Delivery) -> Result<(), DbErr>,
    ) -> Outcome {
        let Event { event_id, event_type, .. } = delivery.event;
        match act(delivery).await {
            Ok(()) => {
                self.received.inc();
                Outcome::Success
            }
            Err(error) if refuses_data(&error) => self.refuse(topic, &error),
            Err(error) => {
                tracing::warn!(%topic, %event_id, %event_type, %error, "an event could not be acted on; it is to be delivered again");
                Outcome::Retry
            }
        }
    }

    /// The message goes to the dead-letter topic: delivering it again would not help.
    fn refuse(&self, topic: Topic, reason: &dyn Display) -> Outcome {
        self.malformed.inc();
        tracing::warn!(%topic, %reason, dead_letter = topic.dead_letter(), "a message cannot be acted on");
        Outcome::Drop
    }
}
