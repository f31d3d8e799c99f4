//! Which message of a partition may go next.
//!
//! Messages of one key form a lane: one of them is in turn, the others wait behind it, so a message that has to be tried
//! again holds up its own key and nothing else. Messages without a key are one lane, as the partition's order is all that
//! they can be told apart by. What is dealt with below the lowest unfinished message is dealt with for good.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

/// Unfinished messages that a partition may have in memory, from which on nothing is added: so many...
const MOST: usize = 1_000;
/// ...of so many bytes in all...
const MOST_BYTES: usize = 1024 * 1024;
/// ...and none so far ahead of the lowest. It is what a crash may have delivered a second time.
const FARTHEST: i64 = 10_000;

type Key = Option<Arc<str>>;

/// The unfinished messages of a partition, in the order in which they may be delivered.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    /// The offset that is to be added next.
    end: i64,
    /// What is unfinished, with its size.
    unfinished: BTreeMap<i64, usize>,
    bytes: usize,
    /// The lanes that have a message in turn, with what waits behind it.
    waiting: HashMap<Key, VecDeque<(i64, T)>>,
    /// In turn, and may go.
    ready: BTreeMap<i64, (Key, T)>,
    /// In turn, but not before an instant.
    resting: BTreeMap<(Instant, i64), (Key, T)>,
}

/// A message that is under way. Whoever took it gives it back: finished or postponed.
#[derive(Debug)]
pub(super) struct Turn<T> {
    offset: i64,
    key: Key,
    pub(super) item: T,
}

impl<T> Lanes<T> {
    /// Nothing yet; `position` is the first offset to come.
    pub(super) fn new(position: i64) -> Self {
        Self {
            end: position,
            unfinished: BTreeMap::new(),
            bytes: 0,
            waiting: HashMap::new(),
            ready: BTreeMap::new(),
            resting: BTreeMap::new(),
        }
    }

    /// The offset from which on messages are to be added.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    /// Everything below it is dealt with.
    pub(super) fn position(&self) -> i64 {
        self.unfinished.first_key_value().map_or(self.end, |(offset, _)| *offset)
    }

    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.unfinished.len() < MOST && self.bytes < MOST_BYTES && self.end - self.position() < FARTHEST
    }

    /// Adds the message at `offset`, which is not below [`Self::end`].
    pub(super) fn add(&mut self, offset: i64, key: Option<&str>, bytes: usize, item: T) {
        self.end = offset + 1;
        self.unfinished.insert(offset, bytes);
        self.bytes += bytes;
        let key = key.map(Arc::from);
        if let Some(waiting) = self.waiting.get_mut(&key) {
            waiting.push_back((offset, item));
        } else {
            self.waiting.insert(key.clone(), VecDeque::new());
            self.ready.insert(offset, (key, item));
        }
    }

    /// Nothing is to come below `offset`.
    pub(super) fn skip_to(&mut self, offset: i64) {
        self.end = self.end.max(offset);
    }

    /// The lowest message that may go now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Turn<T>> {
        while let Some(entry) = self.resting.first_entry()
            && entry.key().0 <= now
        {
            let ((_, offset), in_turn) = entry.remove_entry();
            self.ready.insert(offset, in_turn);
        }
        let (offset, (key, item)) = self.ready.pop_first()?;
        Some(Turn { offset, key, item })
    }

    /// When the next message may go, where none may go now.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.resting.first_key_value().map(|((until, _), _)| *until)
    }

    /// The message is to be tried again, not before `until`; its lane waits.
    pub(super) fn postpone(&mut self, turn: Turn<T>, until: Instant) {
        self.resting.insert((until, turn.offset), (turn.key, turn.item));
    }

    /// The message is dealt with; the next of its lane is in turn.
    pub(super) fn finish(&mut self, turn: Turn<T>) {
        self.bytes -= self.unfinished.remove(&turn.offset).unwrap_or_default();
        match self.waiting.get_mut(&turn.key).and_then(VecDeque::pop_front) {
            Some((offset, item)) => drop(self.ready.insert(offset, (turn.key, item))),
            None => drop(self.waiting.remove(&turn.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use platform::random::Random;

    use super::*;

    /// Lanes with a message for each key, from offset 0; a blank is no key.
    fn lanes(keys: &str) -> Lanes<()> {
        let mut lanes = Lanes::new(0);
        for key in keys.chars() {
            let key = (key != ' ').then(|| key.to_string());
            lanes.add(lanes.end(), key.as_deref(), 1, ());
        }
        lanes
    }

    fn all_that_may_go(lanes: &mut Lanes<()>, now: Instant) -> Vec<Turn<()>> {
        std::iter::from_fn(|| lanes.next(now)).collect()
    }

    fn offsets(turns: &[Turn<()>]) -> Vec<i64> {
        turns.iter().map(|turn| turn.offset).collect()
    }

    #[test]
    fn one_message_of_each_key_may_go() {
        let now = Instant::now();
        let mut lanes = lanes("aab  ba");
        let turns = all_that_may_go(&mut lanes, now);
        assert_eq!(offsets(&turns), [0, 2, 3]);
        for turn in turns {
            lanes.finish(turn);
        }
        assert_eq!(offsets(&all_that_may_go(&mut lanes, now)), [1, 4, 5]);
    }

    #[test]
    fn what_is_postponed_holds_up_its_key_and_the_position_but_nothing_else() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_mins(1));
        let mut lanes = lanes("abab");
        let poison = lanes.next(now).unwrap();
        lanes.postpone(poison, later);
        while let Some(turn) = lanes.next(now) {
            lanes.finish(turn);
        }
        assert_eq!((lanes.position(), lanes.end(), lanes.rests_until()), (0, 4, Some(later)));
        let again = lanes.next(later).unwrap();
        assert_eq!(again.offset, 0);
        lanes.finish(again);
        assert_eq!(lanes.position(), 2);
        assert_eq!(offsets(&all_that_may_go(&mut lanes, later)), [2]);
    }

    #[test]
    fn the_position_passes_gaps_and_what_was_forgotten() {
        let mut lanes = Lanes::new(3);
        lanes.add(7, None, 1, ());
        assert_eq!(lanes.position(), 7);
        let turn = lanes.next(Instant::now()).unwrap();
        lanes.finish(turn);
        assert_eq!(lanes.position(), 8);
        lanes.skip_to(20);
        lanes.skip_to(5);
        assert_eq!((lanes.position(), lanes.end()), (20, 20));
    }

    #[test]
    fn there_is_room_for_so_many_so_large_and_not_too_far_ahead() {
        let mut many = Lanes::new(0);
        for offset in 0..1_000 {
            assert!(many.has_room());
            many.add(offset, None, 1, ());
        }
        assert!(!many.has_room());

        let mut large = Lanes::new(0);
        large.add(0, None, MOST_BYTES, ());
        assert!(!large.has_room());
        let turn = large.next(Instant::now()).unwrap();
        large.finish(turn);
        assert!(large.has_room());

        let mut far = lanes("a");
        far.skip_to(FARTHEST);
        assert!(!far.has_room());
    }

    #[test]
    fn at_random_each_key_keeps_its_order_and_nothing_is_lost() {
        for seed in 0..50 {
            let random = Random::seeded(seed);
            let below = |n: usize| usize::from(u16::from_le_bytes(random.bytes())) % n;
            let (mut now, mut lanes, mut under_way) = (Instant::now(), Lanes::new(0), Vec::new());
            let mut done: HashMap<Key, Vec<i64>> = HashMap::new();
            let mut seen = 0;
            while seen < 200 {
                match below(4) {
                    0 if lanes.end() < 200 => {
                        let key = ["a", "b", "c", "d"].get(below(5)).copied();
                        lanes.add(lanes.end(), key, 10, ());
                    }
                    1 => under_way.extend(lanes.next(now)),
                    2 if !under_way.is_empty() => {
                        let turn: Turn<()> = under_way.swap_remove(below(under_way.len()));
                        if below(3) == 0 {
                            lanes.postpone(turn, now + Duration::from_secs(below(5) as u64));
                        } else {
                            done.entry(turn.key.clone()).or_default().push(turn.offset);
                            seen += 1;
                            lanes.finish(turn);
                        }
                    }
                    _ => now += Duration::from_secs(1),
                }
            }
            assert!(done.values().all(|offsets| offsets.is_sorted()), "seed {seed}: {done:?}");
            assert_eq!((lanes.position(), lanes.bytes, lanes.waiting.len()), (200, 0, 0), "seed {seed}");
        }
    }
}
