//! What a user wants to be told, and how. notification-service knows the rules of that; its refusals are passed on.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use platform::extract;
use platform::members::Members;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::UserPath;
use super::notifications::NOTIFICATION_SERVICE;
use super::refusals::{BodyRefusals, CallerRefusals, NotificationRefusals};
use crate::app::App;

/// Where notification-service keeps them.
const PATH: &str = "internal/preferences";

/// What a user wants to be told, and how.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationPreferences {
    /// For each kind (`reminder`, `task_completed`, `task_assigned`, `comment_added`, `system`) the channels that it takes.
    events: BTreeMap<String, ChannelSwitches>,
    /// When e-mail and text messages wait; `null`: never.
    quiet_hours: Option<QuietHours>,
    /// When the daily digest is sent; `null`: never.
    digest: Option<DigestTime>,
    /// For text messages, in the form of E.164.
    #[schema(example = "+4915112345678")]
    phone: Option<String>,
    /// The IANA time zone in which the times are meant; `null`: that of the profile.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// For each channel (`email`, `sms`, `in_app`) whether it can be used. Cannot be changed here.
    channels: BTreeMap<String, ChannelState>,
}

/// Through which channels something is told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelSwitches {
    email: bool,
    sms: bool,
    in_app: bool,
}

/// The part of the day in which e-mail and text messages wait for its end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    #[schema(example = "22:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    from: String,
    #[schema(example = "07:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: String,
}

/// When the daily digest is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestTime {
    #[schema(minimum = 0, maximum = 23, example = 8)]
    hour: u8,
}

/// Whether a channel can be used.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelState {
    configured: bool,
    /// The settings that the system lacks for it.
    missing: Vec<String>,
}

/// A merge patch of the preferences: absent keeps, `null` is what it is until somebody chooses. `quiet_hours` and `digest` are changed as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"events": {"comment_added": {"email": true}}, "quiet_hours": {"from": "22:00", "to": "07:00"}}))]
#[expect(dead_code, reason = "documents what notification-service reads")]
pub struct UpdateNotificationPreferences {
    events: Option<UpdateEvents>,
    quiet_hours: Option<QuietHours>,
    digest: Option<DigestTime>,
    #[schema(example = "+4915112345678", pattern = r"^\+[1-9][0-9]{7,14}$")]
    phone: Option<String>,
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// The kinds of which something changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "documents what notification-service reads")]
pub struct UpdateEvents {
    reminder: Option<UpdateChannelSwitches>,
    task_completed: Option<UpdateChannelSwitches>,
    task_assigned: Option<UpdateChannelSwitches>,
    comment_added: Option<UpdateChannelSwitches>,
    system: Option<UpdateChannelSwitches>,
}

/// The switches that change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "documents what notification-service reads")]
pub struct UpdateChannelSwitches {
    email: Option<bool>,
    sms: Option<bool>,
    in_app: Option<bool>,
}

/// Whose.
#[derive(Debug, Serialize)]
struct Question<'a> {
    user_id: &'a str,
}

/// What is to be otherwise.
#[derive(Debug, Serialize)]
struct Instruction<'a> {
    user_id: &'a str,
    changes: Map<String, Value>,
}

/// What the user wants to be told, and how.
#[utoipa::path(get, path = "/api/{user_id}/notification-preferences", tag = "notifications", operation_id = "get_notification_preferences",
    params(UserPath),
    responses((status = 200, body = NotificationPreferences, description = "The preferences"), CallerRefusals, NotificationRefusals))]
pub async fn get(State(app): State<App>, caller: Caller) -> Result<Json<NotificationPreferences>, Problem> {
    let question = Question { user_id: &caller.actor.user_id };
    Ok(Json(app.invoker.get(NOTIFICATION_SERVICE, PATH, &question, caller.trace.as_ref()).await?))
}

/// Changes the preferences by a JSON merge patch.
#[utoipa::path(patch, path = "/api/{user_id}/notification-preferences", tag = "notifications", operation_id = "update_notification_preferences",
    params(UserPath), request_body(content = UpdateNotificationPreferences, content_type = "application/merge-patch+json"),
    responses((status = 200, body = NotificationPreferences, description = "The preferences, as they are now"), CallerRefusals, BodyRefusals, NotificationRefusals))]
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    extract::Json(Members(changes)): extract::Json<Members>,
) -> Result<Json<NotificationPreferences>, Problem> {
    let instruction = Instruction { user_id: &caller.actor.user_id, changes };
    let answer = app.invoker.patch(NOTIFICATION_SERVICE, PATH, &instruction, caller.trace.as_ref());
    answer.await.map(Json).map_err(|error| error.pass_on(StatusCode::UNPROCESSABLE_ENTITY))
}
