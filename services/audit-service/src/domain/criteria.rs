//! Which part of the history is asked for.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use platform::page::Position;
use uuid::Uuid;

use super::entry::Entry;

/// The most workspaces that can be asked for at once.
pub(crate) const MAX_WORKSPACES: usize = 100;

/// What an entry must be to be told. What is `None` does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criteria {
    /// In one of these workspaces.
    pub(crate) workspace_ids: BTreeSet<Uuid>,
    /// Done by this user.
    pub(crate) user_id: Option<String>,
    /// Done to this task.
    pub(crate) task_id: Option<Uuid>,
    /// Of this event type.
    pub(crate) event_type: Option<String>,
    /// At this time or later.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Before this time.
    pub(crate) to: Option<DateTime<Utc>>,
    /// Older than the entry at this place.
    pub(crate) after: Option<Position>,
    /// This many entries at most.
    pub(crate) limit: Limit,
}

/// How many entries a page has at most: 1 to 200, 50 unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(u8);

impl Limit {
    /// The most that can be asked for.
    pub(crate) const MAX: u8 = 200;

    /// `None` unless it is 1 to 200.
    pub(crate) fn new(entries: u8) -> Option<Self> {
        (1..=Self::MAX).contains(&entries).then_some(Self(entries))
    }

    /// The number.
    pub(crate) fn get(self) -> usize {
        self.0.into()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

/// A part of the history, newest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// Where the rest begins: [`Criteria::after`] of the next page. `None` when there is no rest.
    pub(crate) next: Option<Position>,
}

impl Page {
    /// A page of these entries, and whether there are more.
    pub(crate) fn new(entries: Vec<Entry>, more: bool) -> Self {
        let next = if more { entries.last().map(Entry::position) } else { None };
        Self { entries, next }
    }
}
