//! recurring-task-service, as far as it is asked for a user's series. It decides nothing about who may see what: each question names
//! the workspaces of the caller.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::TaskData;
use platform::dapr::invoke::InvokeError;
use platform::problem::Problem;
use platform::trace::TraceContext;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::caller::Caller;
use super::recurrences::{Series, SeriesStatus};
use crate::app::App;
use crate::domain::priority::Priority;
use crate::domain::recurrence::Recurrence;
use crate::domain::reminder::Reminder;
use crate::domain::tags::TagSet;
use crate::domain::task::{Task, TaskPatch};
use crate::domain::text::{Description, Title};
use crate::domain::timezone::TimeZone;
use crate::store::{tasks, users};

const RECURRING_TASK_SERVICE: &str = "recurring-task-service";

/// The service, for one caller.
#[derive(Debug)]
pub struct RecurringService<'a> {
    app: &'a App,
    user_id: &'a str,
    /// How far each workspace was before anything was asked.
    sequences: HashMap<Uuid, i64>,
    workspace_ids: Vec<Uuid>,
    trace: Option<&'a TraceContext>,
}

/// Which series are listed.
#[derive(Debug, Serialize)]
struct Listing {
    workspace_ids: String,
    status: Option<SeriesStatus>,
    after: Option<String>,
    limit: u64,
}

/// A page of them; `next` is the service's own place in the list.
#[derive(Debug, Deserialize)]
pub struct Listed {
    pub(super) items: Vec<Series>,
    pub(super) next: Option<String>,
}

/// One series, and what is to be done to it.
#[derive(Debug, Serialize)]
struct Instruction<'a, T> {
    id: Uuid,
    workspace_ids: &'a [Uuid],
    #[serde(skip_serializing_if = "Option::is_none")]
    begin: Option<Begin>,
    #[serde(flatten)]
    what: &'a T,
}

/// The task that begins the series, and how far its workspace was when it was still new.
#[derive(Debug, Serialize)]
struct Begin {
    sequence: i64,
    task: TaskData,
}

/// Nothing is to be done to it.
#[derive(Debug, Serialize)]
struct Nothing {}

/// It goes on with the next occurrence.
#[derive(Debug, Serialize)]
struct Skip<'a> {
    occurrence: Option<i32>,
    /// The same however often this is asked: it skips once.
    key: &'a str,
}

/// What is to be otherwise for the tasks to come.
#[derive(Debug, Serialize)]
struct Change<'a> {
    changes: Changes<'a>,
}

/// A merge patch.
#[derive(Debug, Serialize)]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a Title>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Description>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a TagSet>,
    /// `null` for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<&'a Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reminders: Option<&'a [Reminder]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence: Option<&'a Recurrence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<TimeZone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<DateTime<Utc>>,
}

impl<'a> From<&'a TaskPatch> for Changes<'a> {
    fn from(patch: &'a TaskPatch) -> Self {
        Self {
            title: patch.title.as_ref(),
            description: patch.description.as_ref(),
            priority: patch.priority,
            tags: patch.tags.as_ref(),
            assignee: patch.assignee.as_ref(),
            reminders: patch.reminders.as_deref(),
            recurrence: patch.recurrence.as_ref().and_then(Option::as_ref),
            timezone: patch.timezone,
            due_date: patch.due_date.flatten(),
        }
    }
}

/// The series as it is now, if it is in one of the workspaces.
#[derive(Debug, Deserialize)]
struct Answer {
    recurrence: Option<Series>,
    problem: Option<Refusal>,
}

/// Why nothing was done.
#[derive(Debug, Deserialize)]
struct Refusal {
    code: String,
    detail: String,
}

impl<'a> RecurringService<'a> {
    /// The service, asked for the workspaces of `caller`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(app: &'a App, caller: &'a Caller) -> Result<Self, Problem> {
        let memberships = users::memberships(&app.changes.db, &caller.actor.user_id).await?;
        let sequences = memberships.iter().map(|workspace| (workspace.id, workspace.sequence)).collect();
        let workspace_ids = memberships.iter().map(|workspace| workspace.id).collect();
        let user_id = caller.actor.user_id.as_str();
        Ok(Self { app, user_id, sequences, workspace_ids, trace: caller.trace.as_ref() })
    }

    /// Series of all workspaces, the newest first.
    ///
    /// # Errors
    /// 503 while it is away.
    pub async fn list(
        &self,
        status: Option<SeriesStatus>,
        after: Option<String>,
        limit: u64,
    ) -> Result<Listed, InvokeError> {
        let ids: Vec<String> = self.workspace_ids.iter().map(Uuid::to_string).collect();
        let question = Listing { workspace_ids: ids.join(","), status, after, limit };
        self.app.invoker.get(RECURRING_TASK_SERVICE, "internal/recurrences", &question, self.trace).await
    }

    /// The series.
    ///
    /// # Errors
    /// 404, 503.
    pub async fn find(&self, id: Uuid) -> Result<Series, Problem> {
        self.tell("find", id, Nothing {}).await
    }

    /// The tasks to come will be as the patch says.
    ///
    /// # Errors
    /// 404, 503.
    pub async fn change(&self, id: Uuid, patch: &TaskPatch) -> Result<Series, Problem> {
        self.tell("change", id, Change { changes: patch.into() }).await
    }

    /// Makes no more tasks of it.
    ///
    /// # Errors
    /// 404, 503.
    pub async fn stop(&self, id: Uuid) -> Result<Series, Problem> {
        self.tell("stop", id, Nothing {}).await
    }

    /// Goes on with the next occurrence, if `occurrence` is the latest or is not said; with one `key` once.
    ///
    /// # Errors
    /// 404, 409 `occurrence_over` and `series_over`, 503.
    pub async fn skip(&self, id: Uuid, occurrence: Option<i32>, key: &str) -> Result<Series, Problem> {
        self.tell("skip", id, Skip { occurrence, key }).await
    }

    async fn tell(&self, verb: &str, id: Uuid, what: impl Serialize + Sync) -> Result<Series, Problem> {
        let mut answer = self.ask(verb, id, None, &what).await?;
        if answer.recurrence.is_none()
            && let Some(begin) = self.begun_by(id).await?
        {
            answer = self.ask(verb, id, Some(begin), &what).await?;
        }
        let series = answer.recurrence.ok_or_else(|| Problem::not_found("recurrence"))?;
        answer.problem.map_or(Ok(series), |refusal| Err(refusal.into()))
    }

    async fn ask<T: Serialize + Sync>(
        &self,
        verb: &str,
        id: Uuid,
        begin: Option<Begin>,
        what: &T,
    ) -> Result<Answer, InvokeError> {
        let instruction = Instruction { id, workspace_ids: &self.workspace_ids, begin, what };
        let path = format!("internal/recurrences/{verb}");
        self.app.invoker.post(RECURRING_TASK_SERVICE, &path, &instruction, self.trace).await
    }

    /// The task that begins the series, if it was made a moment ago: its event may be on its way. Of one that was changed since, more is on its
    /// way, which must not be taken for known.
    async fn begun_by(&self, id: Uuid) -> Result<Option<Begin>, Problem> {
        let found = tasks::find(&self.app.changes.db, self.user_id, id).await?;
        let begins = |task: &Task| task.version == 1 && task.recurrence.is_some() && task.recurrence_id == Some(id);
        Ok(found.filter(begins).and_then(|task| {
            let sequence = *self.sequences.get(&task.workspace_id)?;
            Some(Begin { sequence, task: task.event_data() })
        }))
    }
}

impl From<Refusal> for Problem {
    fn from(Refusal { code, detail }: Refusal) -> Self {
        match code.as_str() {
            "occurrence_over" => Self::conflict("occurrence_over", detail),
            "series_over" => Self::conflict("series_over", detail),
            other => Self::internal(&format!("recurring-task-service refuses with {other}: {detail}")),
        }
    }
}
