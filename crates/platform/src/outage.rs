//! Something that a service sends to and that may be away. While it is, a metric and the log say so; when it is back, a `system.error`
//! event tells how long it was away.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use events::{CloudEvent, EventDraft, EventType, Outage, Topic};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use serde_json::json;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::dapr::publish::{Message, Publisher};
use crate::metrics::Metrics;

/// An outage that was over sooner is told nobody: a sidecar that starts beside its service is no reason to look.
const WORTH_TELLING: TimeDelta = TimeDelta::seconds(10);

/// How long telling may take.
const TELLING: Duration = Duration::from_secs(5);

/// When telling that failed is tried again.
const TELL_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// Outages that wait to be told.
const MOST_UNTOLD: usize = 16;

/// What a service may be unable to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Sending what waits in the outbox.
    EventPublishing,
    /// Telling the sidecar when to call.
    JobScheduling,
}

impl Activity {
    /// Its name in events and metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::EventPublishing => "event_publishing",
            Self::JobScheduling => "job_scheduling",
        }
    }
}

/// Tells operators of the outages of one activity.
#[derive(Debug)]
pub struct OutageAlert {
    activity: Activity,
    app_id: &'static str,
    clock: Clock,
    publisher: Publisher,
    failing: Gauge,
    failures: Counter,
    /// The one that goes on, as if it ended now.
    current: Option<Outage>,
    /// What the broker has yet to be told of those that are over, oldest first.
    untold: Vec<Message>,
    /// When that is tried again.
    tell_from: DateTime<Utc>,
}

impl OutageAlert {
    /// An activity of the service `app_id` that has not failed yet.
    pub fn new(
        activity: Activity,
        app_id: &'static str,
        clock: Clock,
        publisher: Publisher,
        metrics: &Metrics,
    ) -> Self {
        let name = activity.as_str();
        let failing = metrics.gauge(&format!("{name}_failing"), "1 from the first failed attempt to the next success");
        let failures = metrics.counter(&format!("{name}_failures"), "Attempts that failed");
        Self {
            activity,
            app_id,
            clock,
            publisher,
            failing,
            failures,
            current: None,
            untold: Vec::new(),
            tell_from: DateTime::UNIX_EPOCH,
        }
    }

    /// An attempt failed.
    pub fn failed(&mut self, error: &dyn fmt::Display) {
        let now = self.clock.now();
        let current = self.current.get_or_insert_with(|| Outage {
            service: self.app_id.to_owned(),
            activity: self.activity.as_str().to_owned(),
            since: now,
            until: now,
            failures: 0,
            error: String::new(),
        });
        let was_told = is_worth_telling(current);
        current.until = now;
        current.failures = current.failures.saturating_add(1);
        current.error = error.to_string();
        self.failing.set(1);
        self.failures.inc();
        let newly_worth_telling = is_worth_telling(current) && !was_told;
        let Outage { service, activity, since, failures, error, .. } = current;
        if newly_worth_telling {
            tracing::error!(service, activity, %since, failures, error, "an outage: nothing is lost, it waits");
        } else if failures.is_power_of_two() {
            tracing::warn!(service, activity, %since, failures, error, "an attempt failed; it is repeated");
        }
    }

    /// An attempt succeeded.
    pub async fn succeeded(&mut self) {
        if let Some(over) = self.current.take() {
            let over = Outage { until: self.clock.now(), ..over };
            let Outage { service, activity, since, failures, .. } = &over;
            tracing::info!(service, activity, %since, failures, "it works again");
            self.failing.set(0);
            if is_worth_telling(&over) {
                self.untold.push(self.message(over));
            }
        }
        if !self.untold.is_empty() && self.clock.now() >= self.tell_from {
            self.tell().await;
        }
    }

    /// Tells what is untold. Whoever calls has other things to do, so a broker that does not take it is not asked all the time.
    async fn tell(&mut self) {
        let topic = Topic::SystemNotifications.as_str();
        let told = timeout(TELLING, self.publisher.publish(topic, self.untold.clone())).await;
        let error = match told {
            Ok(Ok(())) => return self.untold.clear(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "there was no answer".to_owned(),
        };
        tracing::warn!(service = self.app_id, error, "an outage could not be told; it is tried again in a minute");
        self.tell_from = self.clock.now() + TELL_AGAIN;
        // What cannot be told for long is in the log.
        self.untold.drain(..self.untold.len().saturating_sub(MOST_UNTOLD));
    }

    fn message(&self, outage: Outage) -> Message {
        let (id, at) = (self.clock.new_id(), outage.until);
        let event = json!(EventDraft::system_error(outage).into_event(id, at, 0));
        let event = CloudEvent::for_publishing(self.app_id, id, EventType::SystemError.as_str(), None, event);
        let cloud_event = json!(event).to_string().into_bytes();
        Message { id: id.to_string(), cloud_event, partition_key: self.app_id.to_owned(), traceparent: None }
    }
}

fn is_worth_telling(outage: &Outage) -> bool {
    outage.until - outage.since >= WORTH_TELLING
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::config::{Reader, ServiceConfig, Variables};

    struct Rig {
        clock: Clock,
        metrics: Metrics,
        publisher: Publisher,
        alert: OutageAlert,
    }

    impl Rig {
        fn new() -> Self {
            let (clock, metrics) = (Clock::manual(DateTime::UNIX_EPOCH), Metrics::new("test"));
            let variables = Variables::default().with("EVENT_PUBLISHER_TYPE", "memory");
            let publisher = Publisher::new(&ServiceConfig::read(&mut Reader::new(&variables), 0, 0, 0)).unwrap();
            let alert = OutageAlert::new(Activity::EventPublishing, "s", clock.clone(), publisher.clone(), &metrics);
            Self { clock, metrics, publisher, alert }
        }

        fn fail_for(&mut self, seconds: i64) {
            self.alert.failed(&"refused");
            self.clock.advance(TimeDelta::seconds(seconds));
            self.alert.failed(&"refused again");
        }

        fn shows(&self, line: &str) -> bool {
            self.metrics.render().lines().any(|shown| shown == line)
        }

        fn told(&self) -> Vec<Value> {
            self.publisher.kept().unwrap().events()
        }
    }

    #[tokio::test]
    async fn an_outage_is_told_once_it_is_over() {
        let mut rig = Rig::new();
        rig.fail_for(60);
        assert!(rig.shows("event_publishing_failing{service=\"test\"} 1"), "{}", rig.metrics.render());
        assert!(rig.shows("event_publishing_failures_total{service=\"test\"} 2"), "{}", rig.metrics.render());
        assert_eq!(rig.told(), [] as [Value; 0]);
        rig.alert.succeeded().await;
        rig.alert.succeeded().await;
        assert!(rig.shows("event_publishing_failing{service=\"test\"} 0"), "{}", rig.metrics.render());
        let told = rig.told();
        assert_eq!((told.len(), &told[0]["topic"]), (1, &json!("system-notifications")));
        assert_eq!(told[0]["event"]["type"], "system.error");
        let expected = json!({
            "service": "s", "activity": "event_publishing", "since": "1970-01-01T00:00:00Z",
            "until": "1970-01-01T00:01:00Z", "failures": 2, "error": "refused again",
        });
        assert_eq!(told[0]["event"]["data"]["data"], expected);
    }

    #[tokio::test]
    async fn a_moment_is_told_nobody() {
        let mut rig = Rig::new();
        rig.fail_for(9);
        rig.alert.succeeded().await;
        assert_eq!(rig.told(), [] as [Value; 0]);
    }
}
