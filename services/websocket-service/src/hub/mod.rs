//! The meeting place of events and sockets.
//!
//! A socket registers before it is known which workspaces it may see. Events that arrive in between are kept, once for all
//! that wait; when the socket takes its seats, those after the sequence it was told are handed to it, and from then on it
//! gets them as they come. Both happen under one lock, so that none is missed and none comes twice.
//!
//! A socket that has missed something is behind: what comes is not handed to it until what it missed was replayed from the
//! history, which has what comes too. So nothing piles up meanwhile, however much there is to replay.
//!
//! Some events have no number of their workspace. They are handed to the sockets that have seats, and to nobody later.

mod mailbox;
mod recent;
mod registration;
mod seat;
mod told;
mod user;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use uuid::Uuid;

pub(crate) use mailbox::{Mailbox, Parcel};
use recent::Recent;
pub(crate) use registration::{Behind, Registration, TooManySockets};
use seat::Seat;
use told::Told;
use user::User;

/// An event on its way to sockets, serialised once and shared.
#[derive(Clone, Debug)]
pub(crate) struct LiveEvent {
    /// The workspace in which it happened.
    pub(crate) workspace: Uuid,
    /// Its place there.
    pub(crate) sequence: i64,
    /// The whole socket message.
    pub(crate) text: Utf8Bytes,
}

/// Whom an event without a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience<'a> {
    /// One person.
    User(&'a str),
    /// The members of a workspace.
    Workspace(Uuid),
}

/// Every registered socket and the workspaces that it follows.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    queue_bytes: usize,
    sockets_per_user: usize,
}

#[derive(Debug, Default)]
struct State {
    rooms: HashMap<Uuid, HashMap<u64, Seat>>,
    users: HashMap<Arc<str>, User>,
    told: Told,
    recent: Recent,
    last_id: u64,
}

impl Hub {
    /// A hub whose sockets have queues of `queue_bytes` and whose users have at most `sockets_per_user` sockets.
    pub(crate) fn new(queue_bytes: usize, sockets_per_user: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), queue_bytes, sockets_per_user })
    }

    /// Hands the event to every socket that follows its workspace and has not had it yet. Never waits for a socket.
    pub(crate) fn broadcast(&self, event: LiveEvent) {
        let mut state = self.lock();
        if let Some(room) = state.rooms.get_mut(&event.workspace) {
            for seat in room.values_mut() {
                seat.hand(&event);
            }
        }
        state.recent.push(event);
    }

    /// Hands what has no number to every socket that it is for and that has its seats, unless that was done a short while ago.
    /// Never waits for a socket.
    pub(crate) fn tell(&self, audience: Audience<'_>, event_id: Uuid, text: &Utf8Bytes) {
        let mut state = self.lock();
        if !state.told.is_new(event_id) {
            return;
        }
        match audience {
            Audience::User(user) => state.users.get(user).into_iter().for_each(|user| user.tell(text)),
            Audience::Workspace(workspace) => {
                state.rooms.get(&workspace).into_iter().flat_map(HashMap::values).for_each(|seat| seat.tell(text));
            }
        }
    }

    /// The workspaces that any socket follows.
    pub(crate) fn workspaces(&self) -> Vec<Uuid> {
        self.lock().rooms.keys().copied().collect()
    }

    /// Lets every socket that has not come as far as its workspace's number in `reached` look back at what it missed.
    pub(crate) fn expect(&self, reached: &HashMap<Uuid, i64>) {
        let mut state = self.lock();
        for (workspace, sequence) in reached {
            let seats = state.rooms.get_mut(workspace).into_iter().flat_map(HashMap::values_mut);
            seats.for_each(|seat| seat.expect(*sequence));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever a panic interrupted was one socket's affair: the others go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
