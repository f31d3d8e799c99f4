//! A socket's place in the hub, from before its workspaces are known until it closes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use uuid::Uuid;

use super::{Hub, LiveEvent, Mailbox, Parcel, Seat, State};
use crate::domain::membership::Position;

/// The user has as many sockets as are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user has too many sockets")]
pub(crate) struct TooManySockets;

/// A workspace in which a socket has missed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// The workspace.
    pub(crate) workspace: Uuid,
    /// The last event that the socket had.
    pub(crate) last: i64,
}

/// A socket's place in the hub; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    hub: Arc<Hub>,
    id: u64,
    user: Arc<str>,
    mailbox: Arc<Mailbox>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Its workspaces are not known; events since this position are kept for it.
    Waiting(u64),
    /// It follows these workspaces; what it missed is replayed in their order.
    Seated(Vec<Uuid>),
}

impl Hub {
    /// Registers a socket of `user`. From now on no event is lost to it.
    ///
    /// # Errors
    /// When the user has too many.
    pub(crate) fn register(self: &Arc<Self>, user: &str) -> Result<Registration, TooManySockets> {
        let mut state = self.lock();
        let user = state.users.get_key_value(user).map_or_else(|| Arc::from(user), |(known, _)| Arc::clone(known));
        if !state.users.entry(Arc::clone(&user)).or_default().enter(self.sockets_per_user) {
            return Err(TooManySockets);
        }
        state.last_id += 1;
        Ok(Registration {
            hub: Arc::clone(self),
            id: state.last_id,
            user,
            mailbox: Arc::new(Mailbox::new(self.queue_bytes)),
            stage: Stage::Waiting(state.recent.enter()),
        })
    }
}

impl Registration {
    /// The socket's queue.
    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Whose socket it is.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Lets the socket follow its workspaces, each from the sequence in `positions` on: `greeting` goes first, then what
    /// came while it waited, then what comes. If some of what came had to be let go, it is behind.
    pub(crate) fn take_seats(&mut self, positions: &[Position], greeting: Vec<Utf8Bytes>) {
        let Stage::Waiting(position) = self.stage else { return };
        let mut state = self.hub.lock();
        let missed = state.recent.since(position);
        let overrun = missed.is_none();
        let seat = |at: &Position| Seat::new(Arc::clone(&self.mailbox), at.sequence, at.is_behind || overrun);
        let mut seats: HashMap<Uuid, Seat> = positions.iter().map(|at| (at.id, seat(at))).collect();
        for text in greeting {
            self.mailbox.push(Parcel::Reply(text));
        }
        for event in missed.into_iter().flatten() {
            if let Some(seat) = seats.get_mut(&event.workspace) {
                seat.hand(event);
            }
        }
        state.recent.leave(position);
        self.stage = Stage::Seated(positions.iter().map(|at| at.id).collect());
        if let Some(user) = state.users.get_mut(&self.user) {
            user.sit(Arc::clone(&self.mailbox));
        }
        for (workspace, seat) in seats {
            state.rooms.entry(workspace).or_default().insert(self.id, seat);
        }
    }

    /// A workspace in which the socket has missed something, if there is one; its history is to be asked now.
    pub(crate) fn look_back(&self) -> Option<Behind> {
        let Stage::Seated(workspaces) = &self.stage else { return None };
        let mut state = self.hub.lock();
        workspaces.iter().find_map(|&workspace| {
            let last = state.rooms.get_mut(&workspace)?.get_mut(&self.id)?.look_back()?;
            Some(Behind { workspace, last })
        })
    }

    /// Hands the socket an event that it missed, the next one of its workspace.
    pub(crate) fn replay(&self, event: LiveEvent) {
        self.at_seat(event.workspace, |seat| seat.replay(event));
    }

    /// Lets the socket go on after `sequence` in a workspace, whatever is between.
    pub(crate) fn skip(&self, workspace: Uuid, sequence: i64) {
        self.at_seat(workspace, |seat| seat.skip(sequence));
    }

    /// Lets the socket go on with what comes in a workspace, if it has all of its history, which ended at `sequence` when it
    /// was asked, and nothing has come since. Otherwise it stays behind.
    pub(crate) fn catch_up(&self, workspace: Uuid, sequence: i64) {
        self.at_seat(workspace, |seat| seat.catch_up(sequence));
    }

    /// Lets the socket follow a workspace no more.
    pub(crate) fn leave(&self, workspace: Uuid) {
        self.hub.lock().leave_room(workspace, self.id);
    }

    fn at_seat(&self, workspace: Uuid, act: impl FnOnce(&mut Seat)) {
        let mut state = self.hub.lock();
        if let Some(seat) = state.rooms.get_mut(&workspace).and_then(|room| room.get_mut(&self.id)) {
            act(seat);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        match &self.stage {
            Stage::Waiting(position) => state.recent.leave(*position),
            Stage::Seated(workspaces) => {
                for workspace in workspaces {
                    state.leave_room(*workspace, self.id);
                }
            }
        }
        state.release(&self.user, &self.mailbox);
    }
}

impl State {
    fn leave_room(&mut self, workspace: Uuid, socket: u64) {
        if let Some(room) = self.rooms.get_mut(&workspace) {
            room.remove(&socket);
            if room.is_empty() {
                self.rooms.remove(&workspace);
            }
        }
    }

    fn release(&mut self, user: &Arc<str>, mailbox: &Arc<Mailbox>) {
        if let Some(sockets) = self.users.get_mut(user) {
            sockets.leave(mailbox);
            if sockets.is_gone() {
                self.users.remove(user);
            }
        }
    }
}
