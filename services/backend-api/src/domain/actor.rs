//! Who acts.

use uuid::Uuid;

use super::timezone::TimeZone;

/// The user whose token a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: String,
    /// The user's personal workspace.
    pub workspace_id: Uuid,
    /// The user's time zone when they were last looked up; it may have changed since.
    pub timezone: TimeZone,
}
