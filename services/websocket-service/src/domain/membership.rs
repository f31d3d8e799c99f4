//! Where a user's workspaces stand.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A workspace of the user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Membership {
    /// The workspace.
    pub(crate) id: Uuid,
    /// The sequence of its latest event when it was asked for.
    pub(crate) sequence: i64,
    /// Whether it is the user's own; exactly one is.
    pub(crate) personal: bool,
}

/// A workspace as a client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Position {
    /// The workspace.
    pub(crate) id: Uuid,
    /// The events after this one follow.
    pub(crate) sequence: i64,
}

/// All workspaces of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memberships {
    /// Each workspace and where it stands.
    pub(crate) positions: Vec<Position>,
    /// Where the personal workspace stands.
    pub(crate) personal: i64,
}

impl Memberships {
    /// The memberships, if one of them is personal: every user has a workspace of their own.
    pub(crate) fn of(workspaces: &[Membership]) -> Option<Self> {
        let personal = workspaces.iter().find(|workspace| workspace.personal)?.sequence;
        let positions = workspaces.iter().map(|&Membership { id, sequence, .. }| Position { id, sequence }).collect();
        Some(Self { positions, personal })
    }

    /// Whether a client that saw `last_seen` of its personal workspace has missed something. What it missed is not
    /// replayed, so it has to read the state anew; one that is ahead of us saw a history that is gone.
    pub(crate) fn require_resync(&self, last_seen: Option<i64>) -> bool {
        last_seen.is_some_and(|seen| seen != self.personal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_personal_workspace_decides_what_was_missed() {
        let workspace = |sequence, personal| Membership { id: Uuid::nil(), sequence, personal };
        let memberships = Memberships::of(&[workspace(7, false), workspace(42, true)]).unwrap();
        assert_eq!(memberships.positions.len(), 2);
        assert!(!memberships.require_resync(None) && !memberships.require_resync(Some(42)));
        for other in [0, -1, 7, 41, 43, i64::MAX] {
            assert!(memberships.require_resync(Some(other)), "{other}");
        }
        assert_eq!(Memberships::of(&[workspace(7, false)]), None);
    }
}
