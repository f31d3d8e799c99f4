//! What recurring-task-service asks, through the sidecars only: to make the next task of a series, and to take one back. Each may
//! be asked again when the answer was lost.

use axum::Json;
use axum::extract::State;
use platform::extract;
use platform::problem::Problem;
use serde::Deserialize;
use uuid::Uuid;

use super::trace::Trace;
use crate::actions::create_instance::{History, Outcome, create_instance};
use crate::actions::withdraw_instance::{How, Withdrawal, withdraw_instance};
use crate::app::App;
use crate::domain::instance::NewInstance;

/// `POST /internal/instances`: makes the task unless it was made before. What is refused will be refused again.
pub async fn create(
    State(app): State<App>,
    Trace(trace): Trace,
    extract::Json(new): extract::Json<NewInstance>,
) -> Result<Json<Outcome>, Problem> {
    let history = History { invoker: &app.invoker, keep_deleted_tasks: app.keep_deleted_tasks };
    Ok(Json(create_instance(&app.changes, history, new, trace).await?))
}

/// A task that is to be taken back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    id: Uuid,
    how: How,
}

/// `POST /internal/instances/withdraw`: deletes the task if nobody has touched it, or archives it.
pub async fn withdraw(
    State(app): State<App>,
    Trace(trace): Trace,
    extract::Json(Withdraw { id, how }): extract::Json<Withdraw>,
) -> Result<Json<Withdrawal>, Problem> {
    Ok(Json(withdraw_instance(&app.changes, id, how, trace).await?))
}
