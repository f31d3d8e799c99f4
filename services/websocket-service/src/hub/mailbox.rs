//! What waits to be written to one socket.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;

/// A queue that has held more than this many parcels gives its memory back when it is empty again.
const KEEP_CAPACITY: usize = 32;

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parcel {
    /// An event.
    Event(Utf8Bytes),
    /// Anything else that is said to this client alone.
    Reply(Utf8Bytes),
    /// A ping frame.
    Ping,
}

impl Parcel {
    fn len(&self) -> usize {
        match self {
            Self::Event(text) | Self::Reply(text) => text.len(),
            Self::Ping => 0,
        }
    }
}

/// A queue bounded in bytes. Whoever puts something in never waits: what does not fit means that the reader is too slow,
/// the queue is emptied and takes nothing more.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    limit: usize,
    filled: Notify,
    overflowed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    overflowed: bool,
}

impl Mailbox {
    /// A queue of at most `limit` bytes. A single parcel may be larger, or nobody could ever get it.
    pub(super) fn new(limit: usize) -> Self {
        Self { queue: Mutex::default(), limit, filled: Notify::new(), overflowed: Notify::new() }
    }

    /// Puts a parcel in.
    pub(crate) fn push(&self, parcel: Parcel) {
        let mut queue = self.lock();
        if queue.overflowed {
            return;
        }
        let bytes = queue.bytes + parcel.len();
        if bytes > self.limit && !queue.parcels.is_empty() {
            *queue = Queue { overflowed: true, ..Queue::default() };
            self.overflowed.notify_one();
            return;
        }
        queue.bytes = bytes;
        queue.parcels.push_back(parcel);
        self.filled.notify_one();
    }

    /// Takes the oldest parcel out.
    pub(crate) fn pop(&self) -> Option<Parcel> {
        let mut queue = self.lock();
        let parcel = queue.parcels.pop_front()?;
        queue.bytes -= parcel.len();
        if queue.parcels.is_empty() && queue.parcels.capacity() > KEEP_CAPACITY {
            queue.parcels = VecDeque::new();
        }
        Some(parcel)
    }

    /// Returns when there is something to take. For one waiter; dropping the future loses nothing.
    pub(crate) async fn filled(&self) {
        while self.lock().parcels.is_empty() {
            self.filled.notified().await;
        }
    }

    /// Returns when something did not fit. For one waiter; dropping the future loses nothing.
    pub(crate) async fn overflowed(&self) {
        while !self.lock().overflowed {
            self.overflowed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(size: usize) -> Parcel {
        Parcel::Event("x".repeat(size).into())
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let mailbox = Mailbox::new(100);
        mailbox.push(event(60));
        mailbox.push(event(40));
        mailbox.push(Parcel::Ping);
        assert_eq!(mailbox.pop(), Some(event(60)));
        mailbox.push(event(60));
        mailbox.push(event(1));
        assert!(mailbox.lock().overflowed);
        assert_eq!(mailbox.pop(), None, "what was in it is given up: the client resumes by its sequence");
        mailbox.push(event(1));
        assert_eq!(mailbox.pop(), None);
    }

    #[test]
    fn a_single_large_parcel_passes() {
        let mailbox = Mailbox::new(100);
        mailbox.push(event(1000));
        assert_eq!(mailbox.pop(), Some(event(1000)));
        assert_eq!(mailbox.lock().bytes, 0);
    }

    #[tokio::test]
    async fn a_waiter_is_woken() {
        let mailbox = Mailbox::new(10);
        mailbox.push(event(1));
        mailbox.filled().await;
        mailbox.push(event(10));
        mailbox.overflowed().await;
    }
}
