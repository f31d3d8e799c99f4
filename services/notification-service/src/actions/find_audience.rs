//! Who may be told, asked of backend-api at the moment of telling.

use std::collections::HashMap;

use platform::dapr::invoke::InvokeError;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::domain::person::{Audience, Person};

/// Who answers.
const BACKEND: &str = "backend-api";

#[derive(Deserialize)]
struct Audiences {
    tasks: Vec<Audience>,
}

#[derive(Deserialize)]
struct People {
    people: Vec<Person>,
}

/// The tasks as they are now, each with the people who may be told of it. A task that is gone is not among them.
///
/// # Errors
/// When backend-api is away.
pub(super) async fn audiences(app: &App, mut task_ids: Vec<Uuid>) -> Result<HashMap<Uuid, Audience>, InvokeError> {
    task_ids.sort_unstable();
    task_ids.dedup();
    if task_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let question = json!({ "task_ids": task_ids });
    let answer: Audiences = app.invoker.post(BACKEND, "internal/recipients", &question, None).await?;
    Ok(answer.tasks.into_iter().map(|task| (task.id, task)).collect())
}

/// These users, as far as there are such.
///
/// # Errors
/// When backend-api is away.
pub(super) async fn people(app: &App, user_ids: &[String]) -> Result<Vec<Person>, InvokeError> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let answer: People = app.invoker.post(BACKEND, "internal/people", &json!({ "user_ids": user_ids }), None).await?;
    Ok(answer.people)
}
