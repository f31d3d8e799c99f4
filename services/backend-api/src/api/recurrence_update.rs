//! Changes of a series: of the open task alone, of those that follow too, or of all.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::extract::{self, Object, Path};
use platform::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::SeriesPath;
use super::patch::Patch;
use super::recurrences::{OneSeriesRefusals, Series};
use super::recurring_service::RecurringService;
use super::refusals::{BodyRefusals, CallerRefusals, SeriesRefusals, refusals};
use super::task_input::{Check, Tag, checked_recurrence};
use crate::actions::update_instances::{check_instances, update_instances};
use crate::app::App;
use crate::domain::date;
use crate::domain::invalid::Invalid;
use crate::domain::priority::Priority;
use crate::domain::recurrence::Written;
use crate::domain::reminder::{Reminder, WrittenReminder};
use crate::domain::series_scope::SeriesScope;
use crate::domain::tags::TagSet;
use crate::domain::task::TaskPatch;
use crate::domain::text::{Description, Title};
use crate::domain::timezone::TimeZone;
use crate::store::isolation::Acting;

/// A merge patch of a series' tasks: absent keeps, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scope": "following", "priority": "high", "reminders": [{"before": "PT1H"}]}))]
pub struct UpdateSeries {
    /// Of which tasks; `following` unless given: the open ones, and those to come.
    #[schema(value_type = Option<SeriesScope>)]
    scope: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", nullable = false, example = "Water the plants")]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 65536, pattern = r"^[^\x00]*$")]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Priority>)]
    priority: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Tag>>, max_items = 50)]
    tags: Patch<Vec<String>>,
    /// Of the open task, the latest; with a scope beyond it, those to come are counted from there. What is done keeps its own.
    #[serde(default)]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>, nullable = false)]
    due_date: Patch<String>,
    /// The zone whose wall clock the rule counts on; not with scope `this`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, example = "Europe/Berlin")]
    timezone: Patch<String>,
    /// Another rule; not with scope `this`. A series ends by `DELETE`.
    #[serde(default)]
    #[schema(value_type = Option<Written>, nullable = false)]
    recurrence: Patch<Object<Written>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Reminder>>, max_items = 50)]
    reminders: Patch<Vec<Object<WrittenReminder>>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    assignee: Patch<String>,
}

impl UpdateSeries {
    /// The patch, valid, and of which tasks.
    ///
    /// # Errors
    /// 422 with every broken rule.
    fn validate(self) -> Result<(SeriesScope, TaskPatch), Problem> {
        let mut check = Check::default();
        let scope = check.optional("/scope", self.scope.as_deref(), SeriesScope::parse).unwrap_or_default();
        let (title, due_date) = (check.set("/title", self.title), check.set("/due_date", self.due_date));
        let timezone = check.set("/timezone", self.timezone);
        let recurrence = check.set("/recurrence", self.recurrence);
        check.optional("/timezone", timezone.as_ref(), |_| for_those_to_come(scope));
        check.optional("/recurrence", recurrence.as_ref(), |_| for_those_to_come(scope));
        let description = self.description.or_cleared(String::new());
        let priority = self.priority.or_cleared("none".to_owned());
        let tags = self.tags.or_cleared(Vec::new());
        let patch = TaskPatch {
            title: check.optional("/title", title.as_deref(), Title::parse),
            description: check.optional("/description", description.as_deref(), Description::parse),
            priority: check.optional("/priority", priority.as_deref(), Priority::parse),
            tags: check.optional("/tags", tags.as_deref(), TagSet::parse),
            due_date: check.optional("/due_date", due_date.as_deref(), date_of_series).map(Some),
            timezone: check.optional("/timezone", timezone.as_deref(), TimeZone::parse),
            recurrence: check.optional("/recurrence", recurrence, checked_recurrence).map(Some),
            reminders: check.optional("/reminders", self.reminders.or_cleared(Vec::new()), reminders),
            assignee: self.assignee.into_option(),
            ..TaskPatch::default()
        };
        check.finish()?;
        Ok((scope, patch))
    }
}

fn date_of_series(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let due = date::parse(text)?;
    let invalid = || Invalid::new("date_invalid", "A task that repeats is due in the years 1900 to 9998.");
    recurrence::may_begin(due).then_some(due).ok_or_else(invalid)
}

fn reminders(written: Vec<Object<WrittenReminder>>) -> Result<Vec<Reminder>, Invalid> {
    Reminder::parse_all(written.into_iter().map(|Object(reminder)| reminder).collect())
}

/// A rule, and the clock it counts on, say when the next tasks are due.
fn for_those_to_come(scope: SeriesScope) -> Result<(), Invalid> {
    if scope != SeriesScope::This {
        return Ok(());
    }
    Err(Invalid::new("scope_invalid", "It is of the series and not of one task. Give the scope following or all."))
}

refusals! {
    /// What changing a series may answer besides.
    UpdateSeriesRefusals {
        "409" ["occurrence_over"] => "The scope is one task, and none is open",
    }
}

/// Changes the tasks of a series by a JSON merge patch. A change of one of its tasks by itself (`PATCH …/tasks/{id}`) is carried over
/// to those to come as well, but for the due date.
#[utoipa::path(patch, path = "/api/{user_id}/recurrences/{id}", tag = "recurrence", operation_id = "update_recurrence", params(SeriesPath),
    request_body(content = UpdateSeries, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Series, description = "The series, as it is now"), CallerRefusals, OneSeriesRefusals, UpdateSeriesRefusals,
        SeriesRefusals, BodyRefusals))]
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(SeriesPath { id, .. }): Path<SeriesPath>,
    extract::Json(input): extract::Json<UpdateSeries>,
) -> Result<Json<Series>, Problem> {
    let (scope, patch) = input.validate()?;
    let service = RecurringService::of(&app, &caller).await?;
    let _turn = app.series_turns.take(id).await?;
    let series = service.find(id).await?;
    // What the tasks would refuse must not change the series.
    let change = app.changes.begin(Acting::User(&caller.actor.user_id), None).await?;
    check_instances(&change, &caller.actor, &series.patch(scope, patch.clone())).await?;
    change.abandon().await?;
    let series = if scope == SeriesScope::This { series } else { service.change(id, &patch).await? };
    update_instances(&app.changes, &caller.actor, caller.trace.as_ref(), series.patch(scope, patch)).await?;
    series.with_its_task(&app, &caller.actor).await.map(Json)
}
