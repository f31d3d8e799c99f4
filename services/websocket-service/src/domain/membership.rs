//! Where a user's workspaces stand, and where a socket begins in them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::last_seen::LastSeen;

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
    /// Whether some of them have happened already, so that they are replayed.
    #[serde(skip)]
    pub(crate) is_behind: bool,
}

/// Where a socket begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// In each workspace of the user.
    pub(crate) positions: Vec<Position>,
    /// In the personal workspace.
    pub(crate) personal: i64,
    /// Whether the client saw what cannot be gone on from: a history that is gone, or a workspace that is not the user's
    /// (any more).
    pub(crate) resync_required: bool,
}

impl Start {
    /// Where a socket begins whose client had come as far as `last_seen`; what it does not name begins at the present. `None`
    /// when no workspace is personal: every user has a workspace of their own.
    pub(crate) fn of(workspaces: &[Membership], last_seen: Option<&LastSeen>) -> Option<Self> {
        let mut resync_required = last_seen
            .is_some_and(|seen| seen.named().any(|named| !workspaces.iter().any(|workspace| workspace.id == *named)));
        let mut personal = None;
        let mut positions = Vec::with_capacity(workspaces.len());
        for &Membership { id, sequence: now, personal: is_personal } in workspaces {
            let seen = last_seen.and_then(|seen| seen.of(id, is_personal)).unwrap_or(now);
            resync_required |= seen > now;
            let at = Position { id, sequence: seen.min(now), is_behind: seen < now };
            personal = personal.or(is_personal.then_some(at.sequence));
            positions.push(at);
        }
        Some(Self { positions, personal: personal?, resync_required })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const OWN: Uuid = Uuid::from_u128(1);
    const SHARED: Uuid = Uuid::from_u128(2);

    fn start(last_seen: Option<&LastSeen>) -> (Vec<(i64, bool)>, i64, bool) {
        let own = Membership { id: OWN, sequence: 42, personal: true };
        let shared = Membership { id: SHARED, sequence: 7, personal: false };
        let Start { positions, personal, resync_required } = Start::of(&[own, shared], last_seen).unwrap();
        (positions.iter().map(|at| (at.sequence, at.is_behind)).collect(), personal, resync_required)
    }

    #[test]
    fn a_socket_begins_where_its_client_had_come() {
        assert_eq!(start(None), (vec![(42, false), (7, false)], 42, false));
        assert_eq!(start(Some(&LastSeen::Personal(42))), (vec![(42, false), (7, false)], 42, false));
        assert_eq!(start(Some(&LastSeen::Personal(0))), (vec![(0, true), (7, false)], 0, false));
        let each = |of: BTreeMap<Uuid, i64>| start(Some(&LastSeen::Each(of)));
        assert_eq!(each([(SHARED, 6)].into()), (vec![(42, false), (6, true)], 42, false));
        assert_eq!(each([(OWN, 41), (SHARED, 6)].into()), (vec![(41, true), (6, true)], 41, false));
    }

    #[test]
    fn who_is_ahead_or_names_what_is_not_theirs_begins_anew() {
        for ahead in [43, i64::MAX] {
            assert_eq!(start(Some(&LastSeen::Personal(ahead))), (vec![(42, false), (7, false)], 42, true));
        }
        let foreign = LastSeen::Each(BTreeMap::from([(OWN, 41), (Uuid::from_u128(3), 0)]));
        assert_eq!(start(Some(&foreign)), (vec![(41, true), (7, false)], 41, true));
    }

    #[test]
    fn everybody_has_a_workspace_of_their_own() {
        assert_eq!(Start::of(&[Membership { id: SHARED, sequence: 7, personal: false }], None), None);
    }
}
