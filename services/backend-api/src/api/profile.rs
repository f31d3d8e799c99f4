//! What a user says of themselves.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use platform::extract::Json;
use platform::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::UserPath;
use super::patch::Patch;
use super::refusals::{BodyRefusals, CallerRefusals};
use super::task_input::Check;
use crate::actions::update_profile::{ProfilePatch, update_profile};
use crate::app::App;
use crate::domain::name::Name;
use crate::domain::timezone::TimeZone;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;
use crate::store::users::{self, User};

/// A merge patch of a profile: absent keeps; nothing can be cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProfile {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", nullable = false, example = "Ada")]
    first_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", nullable = false, example = "Lovelace")]
    last_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, example = "Europe/Berlin")]
    timezone: Patch<String>,
}

impl UpdateProfile {
    fn validate(self) -> Result<ProfilePatch, Problem> {
        let mut check = Check::default();
        let first_name = check.set("/first_name", self.first_name);
        let last_name = check.set("/last_name", self.last_name);
        let timezone = check.set("/timezone", self.timezone);
        let patch = ProfilePatch {
            first_name: check.optional("/first_name", first_name.as_deref(), Name::parse),
            last_name: check.optional("/last_name", last_name.as_deref(), Name::parse),
            timezone: check.optional("/timezone", timezone.as_deref(), TimeZone::parse),
        };
        check.finish()?;
        Ok(patch)
    }
}

/// The user's own profile.
#[utoipa::path(get, path = "/api/{user_id}/profile", tag = "identity", operation_id = "get_profile", params(UserPath),
    responses((status = 200, body = User, description = "The profile"), CallerRefusals))]
pub async fn get(State(app): State<App>, caller: Caller) -> Result<axum::Json<User>, Problem> {
    let user = users::find(&app.changes.db, &caller.actor.user_id).await?;
    user.map(axum::Json).ok_or_else(|| Problem::not_found("user"))
}

/// Changes the profile by a JSON merge patch. Access tokens that were issued before keep what they say.
#[utoipa::path(patch, path = "/api/{user_id}/profile", tag = "identity", operation_id = "update_profile", params(UserPath),
    request_body(content = UpdateProfile, content_type = "application/merge-patch+json"),
    responses((status = 200, body = User, description = "The profile, as it is now"), CallerRefusals, BodyRefusals))]
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    Json(input): Json<UpdateProfile>,
) -> Result<Response, Problem> {
    let patch = input.validate()?;
    let acting = Acting::User(&caller.actor.user_id);
    let mut change = app.changes.begin(acting, caller.trace).await?;
    let user = update_profile(&mut change, &caller.actor.user_id, patch).await?;
    let reply = change.finish(Reply::ok(&user)).await?;
    app.known_users.remove(&caller.actor.user_id);
    Ok(reply.into_response())
}
