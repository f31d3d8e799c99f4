//! The sockets of one user.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;

use super::{Mailbox, Parcel};

/// The sockets of one user.
#[derive(Debug, Default)]
pub(super) struct User {
    /// How many are registered.
    sockets: usize,
    /// The queues of those that have their seats.
    seated: Vec<Arc<Mailbox>>,
}

impl User {
    /// One more socket, if the user may have so many.
    pub(super) fn enter(&mut self, most: usize) -> bool {
        let enters = self.sockets < most;
        self.sockets += usize::from(enters);
        enters
    }

    /// A socket has its seats.
    pub(super) fn sit(&mut self, mailbox: Arc<Mailbox>) {
        self.seated.push(mailbox);
    }

    /// A socket ends.
    pub(super) fn leave(&mut self, mailbox: &Arc<Mailbox>) {
        self.sockets = self.sockets.saturating_sub(1);
        self.seated.retain(|seated| !Arc::ptr_eq(seated, mailbox));
    }

    /// Whether the user has no socket any more.
    pub(super) fn is_gone(&self) -> bool {
        self.sockets == 0
    }

    /// Hands each socket that has its seats what is for the user alone.
    pub(super) fn tell(&self, text: &Utf8Bytes) {
        for mailbox in &self.seated {
            mailbox.push(Parcel::Event(text.clone()));
        }
    }
}
