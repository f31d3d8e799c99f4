//! What exactly changed, in `data` of the specific task events.

use serde::{Deserialize, Serialize};

/// The tag that a task got or lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagChange {
    /// The tag.
    pub tag: String,
}

/// The old and the new value of one field: a status, a priority, a due date (RFC 3339) or an
/// assignee (user id). `None` is `null` on the wire: no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Before the change.
    pub from: Option<String>,
    /// After the change.
    pub to: Option<String>,
}
