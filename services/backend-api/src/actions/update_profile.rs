//! Applies a merge patch to a user's profile.

use events::{EventDraft, EventType, Source, UserData};
use platform::problem::Problem;

use super::provision_user::event_data;
use crate::domain::name::Name;
use crate::domain::timezone::TimeZone;
use crate::store::change::Change;
use crate::store::users::{self, User};

/// What a merge patch changes; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    /// The new given name.
    pub first_name: Option<Name>,
    /// The new family name.
    pub last_name: Option<Name>,
    /// The new time zone.
    pub timezone: Option<TimeZone>,
}

/// Stores what the patch changes and tells `user.updated`; a patch that changes nothing tells nothing.
///
/// # Errors
/// 404 when the user is gone.
pub async fn update_profile(change: &mut Change, user_id: &str, patch: ProfilePatch) -> Result<User, Problem> {
    let before = users::find_for_update(change.transaction(), user_id).await?;
    let before = before.ok_or_else(|| Problem::not_found("user"))?;
    let mut after = before.clone();
    if let Some(first_name) = patch.first_name {
        after.first_name = first_name.into_string();
    }
    if let Some(last_name) = patch.last_name {
        after.last_name = last_name.into_string();
    }
    if let Some(timezone) = patch.timezone {
        timezone.name().clone_into(&mut after.timezone);
    }
    if after != before {
        users::update(change.transaction(), &after, change.clock().now()).await?;
        let previous_timezone = (after.timezone != before.timezone).then_some(before.timezone);
        let told = UserData { previous_timezone, ..event_data(&after) };
        change.emit(EventDraft::user(EventType::UserUpdated, told, Source::RestApi));
    }
    Ok(after)
}
