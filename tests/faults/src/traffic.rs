//! The users who write and listen while the system is broken.

use std::time::Duration;

use anyhow::bail;
use platform::random::Random;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::follower;
use crate::journal::{Fact, Shared, fact};
use crate::person::Person;
use crate::system::POLL;
use crate::writer::Writer;

/// How long the system may take to acknowledge something again.
const PATIENCE: Duration = Duration::from_mins(2);

/// One user with everything known of them.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) person: Person,
    pub(crate) journal: Shared,
    /// A sync token from before the first fault.
    pub(crate) sync: String,
}

impl User {
    fn has_heard(&self, fact: &Fact) -> bool {
        self.journal.lock().told.iter().rev().any(|told| told.fact.as_ref() == Some(fact))
    }

    async fn is_recorded(&self, wanted: &Fact) -> anyhow::Result<bool> {
        let page = self.person.read(&format!("/audit-logs?task_id={}", wanted.0)).await?;
        let entries = page["items"].as_array().into_iter().flatten();
        Ok(entries.filter_map(|entry| fact(&entry["details"])).any(|found| found == *wanted))
    }
}

/// Writes at a rate that does not depend on the answers.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) users: Vec<User>,
    /// No write is begun any more.
    end: CancellationToken,
    writers: JoinSet<()>,
    sockets: CancellationToken,
}

impl Traffic {
    /// Each writer draws from a generator of their own, so that it does not matter who is scheduled first.
    pub(crate) fn start(users: Vec<User>, rate: u32, seed: u64) -> Self {
        let (end, sockets, mut writers) = (CancellationToken::new(), CancellationToken::new(), JoinSet::new());
        let mut queues = Vec::new();
        for (number, User { person, journal, .. }) in (1..).zip(&users) {
            tokio::spawn(follower::follow(person.clone(), journal.clone(), sockets.clone()));
            let (person, journal) = (person.clone(), journal.clone());
            let random = Random::seeded(seed.wrapping_add(number));
            let (queue, arrivals) = unbounded_channel();
            queues.push(queue);
            let writer = Writer { person, journal, random, count: 0 };
            writers.spawn(serve(writer, arrivals, end.clone()));
        }
        writers.spawn(arrive(queues, rate, end.clone()));
        Self { users, end, writers, sockets }
    }

    /// Waits until a write that was sent after `since` is acknowledged.
    pub(crate) async fn until_acknowledged(&self, since: Instant) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.users.iter().any(|user| is_acknowledged(user, since)) {
            self.must_go_on()?;
            if Instant::now() > deadline {
                bail!("no write was acknowledged within {PATIENCE:?}");
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits until the sockets and the history have told everything that is acknowledged by now.
    pub(crate) async fn until_caught_up(&self) -> anyhow::Result<()> {
        let last = |user: &User| Some(user.journal.lock().acknowledged.last()?.fact.clone());
        let awaited: Vec<_> = self.users.iter().filter_map(|user| Some((user, last(user)?))).collect();
        let deadline = Instant::now() + PATIENCE;
        for (user, fact) in awaited {
            while !user.has_heard(&fact) || !user.is_recorded(&fact).await? {
                self.must_go_on()?;
                if Instant::now() > deadline {
                    let (heard, id) = (user.has_heard(&fact), &user.person.id);
                    bail!("{id}: {fact:?} was not in the history within {PATIENCE:?} (on the socket: {heard})");
                }
                sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Waits until somebody was told to try again.
    pub(crate) async fn until_refused(&self) -> anyhow::Result<()> {
        let count = || self.users.iter().map(|user| user.journal.lock().refused).sum::<usize>();
        let (before, deadline) = (count(), Instant::now() + PATIENCE);
        while count() == before {
            self.must_go_on()?;
            if Instant::now() > deadline {
                bail!("no write was refused within {PATIENCE:?}");
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    fn must_go_on(&self) -> anyhow::Result<()> {
        if !self.end.is_cancelled() {
            return Ok(());
        }
        let wrong: Vec<String> = self.users.iter().flat_map(|user| user.journal.lock().wrong.clone()).collect();
        bail!("the writers gave up: {}", wrong.join("; "))
    }

    /// Lets the writes under way be acknowledged. The sockets go on.
    pub(crate) async fn stop_writing(&mut self) {
        self.end.cancel();
        while self.writers.join_next().await.is_some() {}
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end.cancel();
        self.sockets.cancel();
    }
}

fn is_acknowledged(user: &User, since: Instant) -> bool {
    user.journal.lock().acknowledged.last().is_some_and(|last| last.sent >= since)
}

async fn arrive(queues: Vec<UnboundedSender<()>>, rate: u32, end: CancellationToken) {
    let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for queue in queues.iter().cycle() {
        tokio::select! {
            _ = ticks.tick() => {}
            () = end.cancelled() => return,
        }
        if queue.send(()).is_err() {
            return;
        }
    }
}

async fn serve(mut writer: Writer, mut arrivals: UnboundedReceiver<()>, end: CancellationToken) {
    while arrivals.recv().await.is_some() && !end.is_cancelled() {
        writer.write(&end).await;
    }
}
