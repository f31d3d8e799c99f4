//! A socket's place in the hub, from before its workspaces are known until it closes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use uuid::Uuid;

use super::{Hub, Mailbox, Parcel, Seat, State};
use crate::domain::membership::Position;

/// The user has as many sockets as are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user has too many sockets")]
pub(crate) struct TooManySockets;

/// The memberships came so late that events in between had to be let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more events came than are kept for a socket that waits")]
pub(crate) struct Overrun;

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
    /// It follows these workspaces.
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
        let count = state.users.entry(Arc::clone(&user)).or_default();
        if *count >= self.sockets_per_user {
            return Err(TooManySockets);
        }
        *count += 1;
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

    /// Lets the socket follow its workspaces, each from the sequence in `positions` on: `greeting` goes first, then what
    /// came while it waited, then what comes.
    ///
    /// # Errors
    /// When some of what came while it waited had to be let go.
    pub(crate) fn take_seats(&mut self, positions: &[Position], greeting: Vec<Utf8Bytes>) -> Result<(), Overrun> {
        let Stage::Waiting(position) = self.stage else { return Ok(()) };
        let mut state = self.hub.lock();
        let mut seats: HashMap<Uuid, Seat> = positions
            .iter()
            .map(|at| (at.id, Seat { mailbox: Arc::clone(&self.mailbox), last: at.sequence }))
            .collect();
        let missed = state.recent.since(position).ok_or(Overrun)?;
        for text in greeting {
            self.mailbox.push(Parcel::Reply(text));
        }
        for event in missed {
            if let Some(seat) = seats.get_mut(&event.workspace) {
                seat.hand(event);
            }
        }
        state.recent.leave(position);
        self.stage = Stage::Seated(seats.keys().copied().collect());
        for (workspace, seat) in seats {
            state.rooms.entry(workspace).or_default().insert(self.id, seat);
        }
        Ok(())
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
        state.release(&self.user);
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

    fn release(&mut self, user: &Arc<str>) {
        if let Some(count) = self.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(user);
            }
        }
    }
}
