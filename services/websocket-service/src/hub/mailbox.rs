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
    /// An event that was missed.
    Replayed(Utf8Bytes),
    /// Anything else that is said to this client alone.
    Reply(Utf8Bytes),
    /// A ping frame.
    Ping,
}

impl Parcel {
    fn len(&self) -> usize {
        match self {
            Self::Event(text) | Self::Replayed(text) | Self::Reply(text) => text.len(),
            Self::Ping => 0,
        }
    }
}

/// A queue bounded in bytes. Whoever puts something in never waits: what does not fit means that the reader is too slow,
/// the queue is emptied and takes nothing more. Only what is replayed waits for room, and so is no part of that bound.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    limit: usize,
    filled: Notify,
    emptier: Notify,
    overflowed: Notify,
    behind: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    /// Bytes that are replayed.
    replayed: usize,
    overflowed: bool,
}

impl Mailbox {
    /// A queue of at most `limit` bytes. A single parcel may be larger, or nobody could ever get it.
    pub(super) fn new(limit: usize) -> Self {
        let [filled, emptier, overflowed, behind] = [(); 4].map(|()| Notify::new());
        Self { queue: Mutex::default(), limit, filled, emptier, overflowed, behind }
    }

    /// Puts a parcel in.
    pub(crate) fn push(&self, parcel: Parcel) {
        let mut queue = self.lock();
        if queue.overflowed {
            return;
        }
        if matches!(parcel, Parcel::Replayed(_)) {
            queue.replayed += parcel.len();
        } else {
            let bytes = queue.bytes + parcel.len();
            if bytes > self.limit && queue.bytes > 0 {
                *queue = Queue { overflowed: true, ..Queue::default() };
                self.overflowed.notify_one();
                return;
            }
            queue.bytes = bytes;
        }
        queue.parcels.push_back(parcel);
        self.filled.notify_one();
    }

    /// Takes the oldest parcel out.
    pub(crate) fn pop(&self) -> Option<Parcel> {
        let mut queue = self.lock();
        let parcel = queue.parcels.pop_front()?;
        if matches!(parcel, Parcel::Replayed(_)) {
            queue.replayed -= parcel.len();
            self.emptier.notify_one();
        } else {
            queue.bytes -= parcel.len();
        }
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

    /// Returns when what is replayed may take `len` bytes more: within half of the bound, or nothing that is replayed waits. For
    /// one waiter; dropping the future loses nothing.
    pub(crate) async fn room_for(&self, len: usize) {
        loop {
            let replayed = self.lock().replayed;
            if replayed == 0 || replayed + len <= self.limit / 2 {
                return;
            }
            self.emptier.notified().await;
        }
    }

    /// Tells that the socket has missed something.
    pub(super) fn tell_behind(&self) {
        self.behind.notify_one();
    }

    /// Returns after [`Mailbox::tell_behind`]. For one waiter; dropping the future loses nothing.
    pub(crate) async fn fell_behind(&self) {
        self.behind.notified().await;
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
    async fn what_is_replayed_waits_for_room_and_leaves_that_of_others_alone() {
        let mailbox = Mailbox::new(100);
        let replayed = |size: usize| Parcel::Replayed("x".repeat(size).into());
        mailbox.room_for(1000).await;
        mailbox.push(replayed(1000));
        mailbox.push(event(100));
        assert!(!mailbox.lock().overflowed);
        let waiting = async {
            mailbox.room_for(1).await;
            mailbox.push(replayed(1));
        };
        let reading = async {
            assert_eq!(mailbox.pop(), Some(replayed(1000)));
            assert_eq!(mailbox.pop(), Some(event(100)));
        };
        tokio::join!(waiting, reading);
        assert_eq!(mailbox.pop(), Some(replayed(1)));
        let queue = mailbox.lock();
        assert_eq!((queue.bytes, queue.replayed), (0, 0));
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
