//! Where each partition ends, as far as this process knows, and waking those who wait for more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::{Log, Topic};

/// The next offset of every partition that somebody waits at.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    partitions: Mutex<HashMap<(Topic, i16), watch::Sender<i64>>>,
}

impl Heads {
    /// Follows the end of one partition.
    pub(crate) fn follow(&self, topic: &Topic, partition: i16) -> watch::Receiver<i64> {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        partitions.entry((topic.clone(), partition)).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Says that a partition ends at `next_offset`, or later.
    pub(crate) fn raise(&self, topic: &Topic, partition: i16, next_offset: i64) {
        let partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = partitions.get(&(topic.clone(), partition)) {
            head.send_if_modified(|known| {
                let news = next_offset > *known;
                *known = next_offset.max(*known);
                news
            });
        }
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
