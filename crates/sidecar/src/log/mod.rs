//! The durable log: topics in partitions, like Kafka's, in the schema `sidecar`.

mod append;
mod heads;
mod position;
mod read;
mod retention;
mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::group_commit::GroupCommit;

pub(crate) use heads::{Follower, Heads};
pub(crate) use position::Positions;
pub(crate) use retention::enforce as enforce_retention;

use self::append::Appender;
use crate::metadata::Metadata;
use platform::database::Pool;

/// Partitions of every topic.
pub(crate) const PARTITIONS: i16 = 16;

/// A topic of one pub/sub component.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Topic {
    pub(crate) pubsub: String,
    pub(crate) name: String,
}

/// A message on its way into the log.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) key: Option<String>,
    pub(crate) partition: i16,
    pub(crate) envelope: Bytes,
    pub(crate) metadata: Metadata,
}

/// A message of the log.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) partition: i16,
    pub(crate) offset: i64,
    pub(crate) key: Option<String>,
    pub(crate) envelope: Bytes,
    pub(crate) metadata: Metadata,
    pub(crate) published_at: DateTime<Utc>,
}

/// The log of this process; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    db: Pool,
    appends: GroupCommit<Appender>,
    heads: Arc<Heads>,
    turn: Arc<AtomicUsize>,
}

impl Log {
    /// The log in `db`, for a runtime that is running.
    pub(crate) fn new(db: Pool, clock: Clock) -> Self {
        let heads = Arc::<Heads>::default();
        let appender = Appender { db: db.clone(), clock, heads: Arc::clone(&heads) };
        Self { db, appends: GroupCommit::start(appender, append::MOST), heads, turn: Arc::new(AtomicUsize::new(0)) }
    }

    /// The ends of the partitions, to wait for news at.
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// The partition of a key; without one, the next in turn.
    pub(crate) fn partition(&self, key: Option<&str>) -> i16 {
        let count = PARTITIONS.unsigned_abs();
        let place = match key {
            Some(key) => fnv1a(key.as_bytes()) % u32::from(count),
            None => u32::try_from(self.turn.fetch_add(1, Ordering::Relaxed) % usize::from(count)).unwrap_or(0),
        };
        i16::try_from(place).unwrap_or(0)
    }
}

/// FNV-1a, 32 bits: the same key is in the same partition for as long as the data lives, so this never changes.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }
}
