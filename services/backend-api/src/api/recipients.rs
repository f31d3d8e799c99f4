//! What notification-service asks, through the sidecars only: whom it may tell something at this moment, and how they are reached.

use axum::Json;
use axum::extract::State;
use platform::auth::is_plain;
use platform::extract;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::internal::few;
use super::task_input::Check;
use crate::app::App;
use crate::store::recipients::{self, Concern, Person};

/// Tasks or people of a question at most.
const MOST: usize = 500;

/// The tasks that there is something to tell of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    task_ids: Vec<Uuid>,
}

/// Whom they concern.
#[derive(Debug, Serialize)]
pub struct Recipients {
    tasks: Vec<Concern>,
}

/// `POST /internal/recipients`: the tasks with those of their people who may see them now; a task that is not there is left out.
pub async fn recipients(
    State(app): State<App>,
    extract::Json(Tasks { task_ids }): extract::Json<Tasks>,
) -> Result<Json<Recipients>, Problem> {
    let mut check = Check::default();
    check.field("/task_ids", few(&task_ids, MOST, "tasks"));
    check.finish()?;
    Ok(Json(Recipients { tasks: recipients::of_tasks(&app.changes.db, task_ids).await? }))
}

/// Users by their ids.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    user_ids: Vec<String>,
}

/// How they are reached.
#[derive(Debug, Serialize)]
pub struct People {
    people: Vec<Person>,
}

/// `POST /internal/people`: the users; one who is not there is left out.
pub async fn people(
    State(app): State<App>,
    extract::Json(Users { mut user_ids }): extract::Json<Users>,
) -> Result<Json<People>, Problem> {
    let mut check = Check::default();
    check.field("/user_ids", few(&user_ids, MOST, "users"));
    check.finish()?;
    // No token can name others, so nobody is called that.
    user_ids.retain(|id| is_plain(id));
    Ok(Json(People { people: recipients::people(&app.changes.db, user_ids).await? }))
}
