//! What was told of late: the events without a number, by which the others are recognised when they come again.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

/// How many are remembered: a broker repeats what was delivered in the seconds before a crash or a new share of the topic.
const MOST: usize = 4_096;

/// The ids of the latest events, at most [`MOST`].
#[derive(Debug, Default)]
pub(super) struct Told {
    known: HashSet<Uuid>,
    in_order: VecDeque<Uuid>,
}

impl Told {
    /// Whether the event is not among them; now it is.
    pub(super) fn is_new(&mut self, event_id: Uuid) -> bool {
        if !self.known.insert(event_id) {
            return false;
        }
        if self.in_order.len() == MOST
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.in_order.push_back(event_id);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_new_once_and_what_is_remembered_has_an_end() {
        let mut told = Told::default();
        let ids = || (0..=MOST as u128).map(Uuid::from_u128);
        assert!(ids().all(|id| told.is_new(id)));
        assert_eq!((told.known.len(), told.in_order.len()), (MOST, MOST));
        assert!(!ids().skip(1).any(|id| told.is_new(id)));
        assert!(told.is_new(Uuid::from_u128(0)), "it was long ago");
    }
}
