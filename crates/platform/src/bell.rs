//! Bells: something has to be done now. They only say when to look; what is to be done stands in the database.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often everything is looked at though nothing rang.
pub const SWEEP: Duration = Duration::from_mins(1);

/// When the database is asked again that did not answer: what rang is forgotten, and nobody may ring again.
pub const AGAIN: TimeDelta = TimeDelta::seconds(1);

/// The shortest pause, so that what cannot be done now is not tried all the time.
const SHORTEST: Duration = Duration::from_millis(50);

/// A bell for one kind of work. Clones ring the same.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// There is something to do.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// There will be something to do at `moment`.
    pub fn ring_at(&self, moment: DateTime<Utc>, clock: &Clock) {
        match (moment - clock.now()).to_std() {
            Ok(wait) if !wait.is_zero() => {
                let bell = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    bell.ring();
                });
            }
            _ => self.ring(),
        }
    }

    /// Waits until it rings, until `next`, or until the next sweep; not at all when `stop` is cancelled.
    pub async fn wait(&self, next: Option<DateTime<Utc>>, clock: &Clock, stop: &CancellationToken) {
        let until = next.map_or(SWEEP, |next| (next - clock.now()).to_std().unwrap_or_default().clamp(SHORTEST, SWEEP));
        tokio::select! {
            () = self.0.notified() => {}
            () = tokio::time::sleep(until) => {}
            () = stop.cancelled() => {}
        }
    }
}
