//! A socket's place in a workspace.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;

use super::{LiveEvent, Mailbox, Parcel};

/// A socket's place in a workspace.
#[derive(Debug)]
pub(super) struct Seat {
    mailbox: Arc<Mailbox>,
    /// The sequence of the last event that it was handed.
    last: i64,
    /// While what it missed is replayed: the sequence of the latest event that came since the history was asked. It is not
    /// handed over, because it is in the history too.
    behind: Option<i64>,
}

impl Seat {
    /// A seat from the event after `last` on.
    pub(super) fn new(mailbox: Arc<Mailbox>, last: i64, is_behind: bool) -> Self {
        Self { mailbox, last, behind: is_behind.then_some(last) }
    }

    /// While it is behind, the last event that it had: the history after it is to be asked now.
    pub(super) fn look_back(&mut self) -> Option<i64> {
        let latest = self.behind.as_mut()?;
        *latest = self.last;
        Some(self.last)
    }

    /// Hands it an event as it comes. One that does not follow the last shows that some are missing: they are replayed.
    pub(super) fn hand(&mut self, event: &LiveEvent) {
        if let Some(latest) = &mut self.behind {
            *latest = event.sequence.max(*latest);
        } else if event.sequence == self.last.saturating_add(1) {
            self.last = event.sequence;
            self.mailbox.push(Parcel::Event(event.text.clone()));
        } else if event.sequence > self.last {
            self.behind = Some(event.sequence);
            self.mailbox.tell_behind();
        }
    }

    /// Hands it what has no number, whatever it has had.
    pub(super) fn tell(&self, text: &Utf8Bytes) {
        self.mailbox.push(Parcel::Event(text.clone()));
    }

    /// It should have come as far as `sequence` by now; if it has not, what it missed is replayed.
    pub(super) fn expect(&mut self, sequence: i64) {
        if self.behind.is_none() && sequence > self.last {
            self.behind = Some(sequence);
            self.mailbox.tell_behind();
        }
    }

    /// Hands it an event that it missed.
    pub(super) fn replay(&mut self, event: LiveEvent) {
        self.last = event.sequence;
        self.mailbox.push(Parcel::Replayed(event.text));
    }

    /// Lets it go on after `sequence`, whatever is between.
    pub(super) fn skip(&mut self, sequence: i64) {
        self.last = sequence;
    }

    /// Lets it go on with what comes, if it has everything up to `sequence`, where the history ended, and nothing later has come
    /// since that was asked. Otherwise it stays behind.
    pub(super) fn catch_up(&mut self, sequence: i64) {
        if self.last >= sequence && self.behind.is_some_and(|latest| latest <= self.last) {
            self.behind = None;
        }
    }
}
