//! What wakes the scheduler of a process.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

/// Awake: whatever is new is to be looked at.
const AWAKE: i64 = i64::MAX;

/// Wakes the scheduler for what it would otherwise sleep through, and for nothing else: thousands of jobs that are scheduled for
/// tomorrow are no reason to look for what is due.
#[derive(Debug)]
pub(super) struct Bell {
    bell: Notify,
    /// When it looks in any case, in microseconds since 1970.
    asleep_until: AtomicI64,
}

impl Default for Bell {
    fn default() -> Self {
        Self { bell: Notify::new(), asleep_until: AtomicI64::new(AWAKE) }
    }
}

impl Bell {
    /// Something may be due now.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// A job that is stored is due at `at`.
    pub(super) fn ring_for(&self, at: DateTime<Utc>) {
        if at.timestamp_micros() < self.asleep_until.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    /// The scheduler begins to look: what is stored from now on, it may not see.
    pub(super) fn awake(&self) {
        self.asleep_until.store(AWAKE, Ordering::SeqCst);
    }

    /// The scheduler has looked, and looks again at `until`.
    pub(super) fn asleep_until(&self, until: DateTime<Utc>) {
        self.asleep_until.store(until.timestamp_micros(), Ordering::SeqCst);
    }

    /// Waits until it rings; also if it did since the last time.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn it_rings_for_what_would_be_slept_through() {
        let bell = Bell::default();
        let rang = || bell.rung().now_or_never().is_some();
        assert!(!rang());
        bell.ring_for(at(1_000));
        assert!(rang(), "nobody sleeps yet");
        bell.asleep_until(at(10));
        bell.ring_for(at(10));
        assert!(!rang(), "it is looked for then anyway");
        bell.ring_for(at(9));
        assert!(rang() && !rang());
        bell.awake();
        bell.ring_for(at(10));
        assert!(rang(), "it may have been looked for before it was stored");
        bell.asleep_until(at(10));
        bell.ring();
        assert!(rang());
    }
}
