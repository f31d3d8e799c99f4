//! Where each partition ends, as far as this process knows, its latest messages, and waking those who wait for more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::tail::Tail;
use super::{Log, Message, Topic};

/// The ends of every partition that somebody follows.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    partitions: Mutex<HashMap<(Topic, i16), Head>>,
}

#[derive(Debug)]
struct Head {
    next_offset: watch::Sender<i64>,
    tail: Arc<Mutex<Tail>>,
}

/// One who follows the end of a partition.
#[derive(Debug)]
pub(crate) struct Follower {
    next_offset: watch::Receiver<i64>,
    tail: Arc<Mutex<Tail>>,
}

impl Heads {
    /// Follows the end of one partition.
    pub(crate) fn follow(&self, topic: &Topic, partition: i16) -> Follower {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let head = partitions
            .entry((topic.clone(), partition))
            .or_insert_with(|| Head { next_offset: watch::Sender::new(0), tail: Arc::default() });
        Follower { next_offset: head.next_offset.subscribe(), tail: Arc::clone(&head.tail) }
    }

    /// Says that a partition ends at `next_offset`, or later.
    pub(super) fn raise(&self, topic: &Topic, partition: i16, next_offset: i64) {
        self.extend(topic, partition, next_offset, std::iter::empty());
    }

    /// The same, with the messages that were just stored there, the last of them below `next_offset`.
    pub(super) fn extend(
        &self,
        topic: &Topic,
        partition: i16,
        next_offset: i64,
        messages: impl Iterator<Item = Arc<Message>>,
    ) {
        let partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(head) = partitions.get(&(topic.clone(), partition)) else { return };
        let mut tail = head.tail.lock().unwrap_or_else(PoisonError::into_inner);
        messages.for_each(|message| tail.push(message));
        drop(tail);
        head.next_offset.send_if_modified(|known| {
            let news = next_offset > *known;
            *known = next_offset.max(*known);
            news
        });
    }
}

impl Follower {
    /// The next offset to come, as far as is known; what is known by now is no news any more.
    pub(crate) fn next_offset(&mut self) -> i64 {
        *self.next_offset.borrow_and_update()
    }

    /// Waits for news; forever when there can be none.
    pub(crate) async fn news(&mut self) {
        if self.next_offset.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The messages from `offset` on, where they were stored by this process lately: no need to read them.
    pub(crate) fn latest(&self, offset: i64) -> Vec<Arc<Message>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).from(offset)
    }
}

impl Log {
    /// Looks at the partitions' ends in the database: what other processes appended, and what was there before.
    pub(crate) async fn refresh(&self) -> Result<(), sea_orm::DbErr> {
        for (topic, partition, next_offset) in self.ends().await? {
            self.heads.raise(&topic, partition, next_offset);
        }
        Ok(())
    }
}
