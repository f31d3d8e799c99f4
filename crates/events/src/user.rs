//! A user as events carry it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The profile of a user, in `data` of the user events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserData {
    /// The user, as the identity provider calls them.
    pub id: String,
    /// The e-mail address, when the identity provider gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The given name; may be empty.
    pub first_name: String,
    /// The family name; may be empty.
    pub last_name: String,
    /// The user's IANA time zone.
    pub timezone: String,
    /// The user's personal workspace.
    pub workspace_id: Uuid,
    /// What the time zone was before, when a `user.updated` changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_timezone: Option<String>,
}
