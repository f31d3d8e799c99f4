//! Who acts.

use uuid::Uuid;

/// The user whose token a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: String,
    /// The user's personal workspace.
    pub workspace_id: Uuid,
}
