//! The latest messages of a partition, as this process stored them: who keeps up with them does not read the log.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Message;

/// Messages that are kept, at most...
const MOST: usize = 100;
/// ...of so many bytes of envelopes in all. Sixteen partitions of a topic are 1 MiB.
const MOST_BYTES: usize = 64 * 1024;

/// Messages without a gap between them.
#[derive(Debug, Default)]
pub(super) struct Tail {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
}

impl Tail {
    /// Adds a message. One that is no successor of the last begins anew: another process stored what lies between, or the
    /// database was set back and gives out its offsets again.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        if self.messages.back().is_some_and(|last| message.offset != last.offset + 1) {
            self.messages.clear();
            self.bytes = 0;
        }
        self.bytes += message.envelope.len();
        self.messages.push_back(message);
        while self.messages.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes -= oldest.envelope.len();
        }
    }

    /// The messages from `offset` on; none when that one is not kept.
    pub(super) fn from(&self, offset: i64) -> Vec<Arc<Message>> {
        let first = self.messages.front().map_or(i64::MAX, |message| message.offset);
        let Ok(known) = usize::try_from(offset.saturating_sub(first)) else { return Vec::new() };
        self.messages.iter().skip(known).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Metadata;

    fn message(offset: i64, bytes: usize) -> Arc<Message> {
        let (metadata, published_at) = (Metadata::new(), chrono::DateTime::UNIX_EPOCH);
        Arc::new(Message { partition: 0, offset, key: None, envelope: vec![0; bytes].into(), metadata, published_at })
    }

    fn tail(offsets: impl IntoIterator<Item = i64>) -> Tail {
        let mut tail = Tail::default();
        offsets.into_iter().for_each(|offset| tail.push(message(offset, 1)));
        tail
    }

    fn from(tail: &Tail, offset: i64) -> Vec<i64> {
        tail.from(offset).iter().map(|message| message.offset).collect()
    }

    #[test]
    fn it_gives_what_follows_if_it_has_all_of_it() {
        let tail = tail(5..9);
        assert_eq!(from(&tail, 5), [5, 6, 7, 8]);
        assert_eq!(from(&tail, 8), [8]);
        for offset in [i64::MIN, 0, 4, 9, i64::MAX] {
            assert_eq!(from(&tail, offset), [0; 0], "{offset}");
        }
        assert_eq!(from(&Tail::default(), 0), [0; 0]);
    }

    #[test]
    fn what_is_no_successor_begins_anew() {
        assert_eq!(from(&tail([1, 2, 3, 7, 8]), 7), [7, 8]);
        assert_eq!(from(&tail([1, 2, 3, 7, 8]), 3), [0; 0]);
        assert_eq!(from(&tail([1, 2, 3, 2, 3]), 2), [2, 3]);
        assert_eq!(from(&tail([1, 2, 3, 2, 3]), 1), [0; 0]);
    }

    #[test]
    fn the_oldest_give_way_to_many_or_large_ones() {
        assert_eq!(from(&tail(0..150), 50).len(), 100);
        assert_eq!(from(&tail(0..150), 49), [0; 0]);
        let mut tail = tail(0..10);
        tail.push(message(10, MOST_BYTES));
        assert_eq!((from(&tail, 9), from(&tail, 10)), (vec![], vec![10]));
        tail.push(message(11, MOST_BYTES + 1));
        assert_eq!((from(&tail, 11), tail.bytes), (vec![], 0));
        tail.push(message(12, 1));
        assert_eq!(from(&tail, 12), [12]);
    }
}
