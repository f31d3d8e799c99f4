//! One worker per app, topic and partition: it reads ahead, and delivers message after message, in order for each key.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sea_orm::DbErr;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::courier::{Courier, Delivery, Verdict};
use super::lanes::{Lanes, Turn};
use super::subscriptions::Subscription;
use crate::log::{Follower, Message};
use crate::sidecar::Sidecar;
use crate::tasks::Tasks;

/// Calls that one partition may have under way.
const CALLS: usize = 4;
/// How long an app that does not listen is left alone.
const ABSENT: Duration = Duration::from_millis(500);
/// How long a log that cannot be read is left alone.
const UNREADABLE: Duration = Duration::from_secs(1);

/// Starts the workers of a subscription; they end when the sidecar stops, after the deliveries under way.
pub(crate) async fn start(sidecar: &Sidecar, subscription: &Subscription, tasks: &Tasks) {
    let Subscription { log_topic: topic, consumer_group, beginning, .. } = subscription;
    let positions = loop {
        match sidecar.shared.positions.join(consumer_group, topic, *beginning).await {
            Ok(positions) => break positions,
            Err(error) => tracing::warn!(%error, topic = topic.name, "positions could not be read; trying again"),
        }
        tokio::time::sleep(UNREADABLE).await;
    };
    for (partition, position) in positions {
        let head = sidecar.shared.log.heads().follow(topic, partition);
        let courier = Courier::new(sidecar.clone(), subscription.clone(), partition);
        tasks.spawn(run(courier, head, position));
    }
    if let Err(error) = sidecar.shared.log.refresh().await {
        tracing::warn!(%error, "the log's ends could not be read; trying again");
    }
}

/// What a worker waits for, beside news.
enum Event {
    /// A batch was read while the partition ended at `end`.
    Read {
        batch: Result<Vec<Arc<Message>>, DbErr>,
        end: i64,
    },
    Attempted(Turn<Delivery>, Verdict),
}

type UnderWay<'a> = FuturesUnordered<BoxFuture<'a, Event>>;

struct Worker<'a> {
    courier: &'a Courier,
    head: Follower,
    healthy: watch::Receiver<bool>,
    lanes: Lanes<Delivery>,
    reported: i64,
    reading: bool,
    calls: usize,
    /// Nothing is read before.
    read_from: Instant,
    /// Nothing is delivered before.
    call_from: Instant,
    /// When it was last looked at what may begin.
    looked_at: Instant,
}

async fn run(courier: Courier, head: Follower, position: i64) {
    let healthy = courier.sidecar.health.follow();
    let (stop, now) = (courier.sidecar.stop.clone(), Instant::now());
    let mut worker = Worker {
        courier: &courier,
        head,
        healthy,
        lanes: Lanes::new(position),
        reported: position,
        reading: false,
        calls: 0,
        read_from: now,
        call_from: now,
        looked_at: now,
    };
    let mut under_way = UnderWay::new();
    while !stop.is_cancelled() {
        worker.begin(&under_way);
        tokio::select! {
            () = stop.cancelled() => {}
            Some(event) = under_way.next() => worker.take(event),
            () = worker.news() => {}
        }
    }
    // What is under way may finish and counts; nothing new is begun.
    while let Some(event) = under_way.next().await {
        worker.take(event);
    }
}

impl<'a> Worker<'a> {
    /// Begins what may begin now.
    fn begin(&mut self, under_way: &UnderWay<'a>) {
        let (now, courier) = (Instant::now(), self.courier);
        self.looked_at = now;
        let end = self.head.next_offset();
        if !self.reading && self.lanes.has_room() {
            self.add(self.head.latest(self.lanes.end()));
        }
        let from = self.lanes.end();
        if !self.reading && from < end && now >= self.read_from && self.lanes.has_room() {
            self.reading = true;
            under_way.push(Box::pin(async move {
                let log = &courier.sidecar.shared.log;
                let batch = log.read(&courier.subscription.log_topic, courier.partition, from).await;
                Event::Read { batch, end }
            }));
        }
        while self.may_call(now)
            && let Some(mut turn) = self.lanes.next(now)
        {
            self.calls += 1;
            under_way.push(Box::pin(async move {
                let verdict = courier.attempt(&mut turn.item).await;
                Event::Attempted(turn, verdict)
            }));
        }
    }

    fn may_call(&self, now: Instant) -> bool {
        self.calls < CALLS && now >= self.call_from && self.courier.sidecar.app_is_healthy()
    }

    /// Waits for what may let something begin and is not under way: a message, the app's health, the end of a pause.
    async fn news(&mut self) {
        // A pause that was over at the last look holds nothing back: something else does, which is waited for elsewhere.
        let later = |at: Instant| Some(at).filter(|at| *at > self.looked_at);
        let pauses = [later(self.read_from), later(self.call_from), self.lanes.rests_until().and_then(later)];
        let pause = pauses.into_iter().flatten().min();
        tokio::select! {
            () = self.head.news() => {}
            Ok(()) = self.healthy.changed() => {}
            () = sleep_until(pause.unwrap_or(self.looked_at)), if pause.is_some() => {}
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Read { batch, end } => {
                self.reading = false;
                self.read(batch, end);
            }
            Event::Attempted(turn, verdict) => {
                self.calls -= 1;
                let now = Instant::now();
                match verdict {
                    Verdict::Done => self.lanes.finish(turn),
                    Verdict::Again(pause) => self.lanes.postpone(turn, now + pause),
                    Verdict::Absent => {
                        self.call_from = now + ABSENT;
                        self.lanes.postpone(turn, now);
                    }
                }
            }
        }
        self.report();
    }

    fn read(&mut self, batch: Result<Vec<Arc<Message>>, DbErr>, end: i64) {
        match batch {
            // Everything up to the end was forgotten before this group came.
            Ok(messages) if messages.is_empty() => self.lanes.skip_to(end),
            Ok(messages) => self.add(messages),
            Err(error) => {
                let topic = &self.courier.subscription.topic.name;
                tracing::warn!(%error, topic, "the log could not be read; trying again");
                self.read_from = Instant::now() + UNREADABLE;
            }
        }
    }

    fn add(&mut self, messages: Vec<Arc<Message>>) {
        for message in messages {
            let (offset, bytes, key) = (message.offset, message.envelope.len(), message.key.clone());
            self.lanes.add(offset, key.as_deref(), bytes, message.into());
        }
    }

    /// Reports how far everything is dealt with.
    fn report(&mut self) {
        let position = self.lanes.position();
        if position > self.reported {
            self.reported = position;
            let Courier { sidecar, subscription, partition, .. } = self.courier;
            let Subscription { log_topic, consumer_group, .. } = subscription;
            sidecar.shared.positions.report(consumer_group, log_topic, *partition, position);
        }
    }
}
