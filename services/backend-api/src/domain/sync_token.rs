//! The sync token: how far a client's copy of the tasks has come.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The numbers of workspaces' latest events.
pub type Positions = BTreeMap<Uuid, i64>;

/// How far a copy has come: what the token that clients get holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncToken {
    /// For each workspace the event up to which the copy is true, as soon as everything is read.
    pub positions: Positions,
    /// While the whole state is being read: the last task that was.
    pub read_to: Option<TaskPlace>,
}

/// A task's place in the order in which the whole state is read; it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPlace {
    /// When it was created.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub created_at: DateTime<Utc>,
    /// Which it is of those.
    pub id: Uuid,
}

impl TaskPlace {
    /// Before every task.
    pub const START: Self = Self { created_at: DateTime::UNIX_EPOCH, id: Uuid::nil() };
}

impl SyncToken {
    /// Of a client that has nothing, when the workspaces stand at `current`. What changes while it reads has a later number.
    pub fn start(current: Positions) -> Self {
        Self { positions: current, read_to: Some(TaskPlace::START) }
    }

    /// Whether `current` can have come after this: the same workspaces, none of them at an earlier number.
    pub fn leads_to(&self, current: &Positions) -> bool {
        self.positions.len() == current.len()
            && self.positions.iter().all(|(id, position)| current.get(id).is_some_and(|number| position <= number))
    }

    /// Whether there is more to read until the copy is as `current`.
    pub fn is_behind(&self, current: &Positions) -> bool {
        self.read_to.is_some() || self.positions != *current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(of: &[(u128, i64)]) -> Positions {
        of.iter().map(|(id, number)| (Uuid::from_u128(*id), *number)).collect()
    }

    #[test]
    fn time_leads_forwards_in_the_same_workspaces() {
        let token = SyncToken { positions: positions(&[(1, 5), (2, 7)]), read_to: None };
        for (current, leads, behind) in [
            (vec![(1, 5), (2, 7)], true, false),
            (vec![(1, 5), (2, 8)], true, true),
            (vec![(1, 4), (2, 7)], false, true),
            (vec![(1, 5)], false, true),
            (vec![(1, 5), (3, 7)], false, true),
            (vec![(1, 5), (2, 7), (3, 0)], false, true),
        ] {
            let current = positions(&current);
            assert_eq!((token.leads_to(&current), token.is_behind(&current)), (leads, behind), "{current:?}");
        }
    }

    #[test]
    fn who_has_nothing_is_behind() {
        let current = positions(&[(1, 5)]);
        let start = SyncToken::start(current.clone());
        assert!(start.leads_to(&current) && start.is_behind(&current));
    }
}
