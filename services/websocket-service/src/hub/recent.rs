//! Events that came while some socket waits for its memberships.

use std::collections::{BTreeMap, VecDeque};

use super::LiveEvent;

/// How much is kept for sockets that wait, in bytes for all of them together. Only a backend that takes seconds to answer
/// makes it fill.
const LIMIT: usize = 16 * 1024 * 1024;

/// A log that is kept from where the longest-waiting socket came in, and is empty while none waits.
#[derive(Debug, Default)]
pub(super) struct Recent {
    events: VecDeque<LiveEvent>,
    /// The position of the first event in the log.
    first: u64,
    bytes: usize,
    /// How many sockets came in at which position.
    waiting: BTreeMap<u64, usize>,
}

impl Recent {
    /// A socket begins to wait; the answer is its position.
    pub(super) fn enter(&mut self) -> u64 {
        let end = self.first + self.events.len() as u64;
        *self.waiting.entry(end).or_default() += 1;
        end
    }

    /// The socket that came in at `position` waits no more.
    pub(super) fn leave(&mut self, position: u64) {
        if let Some(count) = self.waiting.get_mut(&position) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&position);
            }
        }
        let keep = self.waiting.first_key_value().map_or(u64::MAX, |(first, _)| *first);
        while self.first < keep && self.drop_first() {}
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
    }

    /// Remembers the event if anybody waits.
    pub(super) fn push(&mut self, event: LiveEvent) {
        if self.waiting.is_empty() {
            return;
        }
        self.bytes += event.text.len();
        self.events.push_back(event);
        while self.bytes > LIMIT && self.drop_first() {}
    }

    /// The events since `position`, unless some of them had to go.
    pub(super) fn since(&self, position: u64) -> Option<impl Iterator<Item = &LiveEvent>> {
        let skip = usize::try_from(position.checked_sub(self.first)?).ok()?;
        Some(self.events.iter().skip(skip))
    }

    fn drop_first(&mut self) -> bool {
        let Some(event) = self.events.pop_front() else { return false };
        self.first += 1;
        self.bytes -= event.text.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(sequence: i64, size: usize) -> LiveEvent {
        LiveEvent { workspace: Uuid::from_u128(1), sequence, text: "x".repeat(size).into() }
    }

    fn since(recent: &Recent, position: u64) -> Option<Vec<i64>> {
        recent.since(position).map(|events| events.map(|event| event.sequence).collect())
    }

    #[test]
    fn it_is_kept_from_where_the_first_came_in() {
        let mut recent = Recent::default();
        recent.push(event(1, 10));
        let first = recent.enter();
        recent.push(event(2, 10));
        let second = recent.enter();
        recent.push(event(3, 10));
        assert_eq!(since(&recent, first), Some(vec![2, 3]));
        assert_eq!(since(&recent, second), Some(vec![3]));
        recent.leave(first);
        assert_eq!((since(&recent, second), recent.bytes), (Some(vec![3]), 10));
        recent.leave(second);
        recent.push(event(4, 10));
        assert_eq!((recent.events.len(), recent.bytes, recent.waiting.len()), (0, 0, 0));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut recent = Recent::default();
        let early = recent.enter();
        recent.push(event(1, LIMIT));
        let late = recent.enter();
        recent.push(event(2, 1));
        assert_eq!(since(&recent, early), None);
        assert_eq!(since(&recent, late), Some(vec![2]));
    }
}
