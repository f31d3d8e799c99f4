//! Creates a task in the actor's personal workspace.

use chrono::{DateTime, Utc};
use events::{EventDraft, Source};
use platform::clock::Clock;
use platform::problem::{FieldError, Problem};
use platform::trace::TraceContext;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::invalid::Invalid;
use crate::domain::reminder::Reminder;
use crate::domain::task::{NewTask, Progress, Task};
use crate::domain::timezone::TimeZone;
use crate::store::change::{Change, Changes};
use crate::store::creation::{Creation, Provided};
use crate::store::idempotency::Once;
use crate::store::reply::Reply;
use crate::store::{tasks, users};

/// Stores the task, tells `task.created` and keeps `reply` for the request's idempotency key, all in one statement, when
/// nothing has to be looked up for it; else nothing is stored and the answer is `None`, and [`create_task`] does it. Also when a
/// reminder is past, or the recurrence never comes: what was carried out before then is still answered as it was.
///
/// # Errors
/// When the database refuses.
pub async fn create_at_once(
    changes: &Changes,
    request: Request<'_>,
    actor: &Actor,
    new: &NewTask,
    reply: impl FnOnce(&Task) -> Reply,
) -> Result<Option<Reply>, Problem> {
    let somebody_else = new.assignee.as_ref().is_some_and(|assignee| *assignee != actor.user_id);
    if somebody_else || check_reminders(&new.reminders, &[], new.due_date, changes.clock.now()).is_err() {
        return Ok(None);
    }
    let provided = if new.timezone.is_none() { Provided::UserIsIn(actor.timezone) } else { Provided::Nothing };
    let Ok(task) = task(&changes.clock, actor, new.clone(), actor.timezone) else { return Ok(None) };
    let reply = reply(&task);
    let event = EventDraft::task_created(&actor.user_id, task.event_data(), request.source);
    let creation = Creation { task: &task, provided, event, once: request.once, reply: &reply };
    Ok(changes.create(creation, request.trace).await?.then_some(reply))
}

/// What a request says beside the task.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The way by which it came in.
    pub source: Source,
    /// Its idempotency key.
    pub once: Option<&'a Once>,
    /// Its trace.
    pub trace: Option<&'a TraceContext>,
}

/// Stores the task and tells `task.created`.
///
/// # Errors
/// 422 when the assignee is not a member of the workspace, a reminder is past or too far ahead, or the recurrence never comes.
pub async fn create_task(change: &mut Change, actor: &Actor, new: NewTask, source: Source) -> Result<Task, Problem> {
    check_assignee(change, actor.workspace_id, new.assignee.as_deref()).await?;
    check_reminders(&new.reminders, &[], new.due_date, change.clock().now())?;
    let timezone = timezone_of(change, actor).await?;
    let task = task(change.clock(), actor, new, timezone).map_err(refused)?;
    tasks::insert(change.transaction(), &task).await?;
    change.emit(EventDraft::task_created(&actor.user_id, task.event_data(), source));
    Ok(task)
}

/// The new task, in `timezone` unless it names another.
fn task(clock: &Clock, actor: &Actor, new: NewTask, timezone: TimeZone) -> Result<Task, Invalid> {
    let now = clock.now();
    let mut task = Task {
        id: clock.new_id(),
        user_id: actor.user_id.clone(),
        workspace_id: actor.workspace_id,
        project_id: None,
        reference: None,
        title: new.title,
        description: new.description,
        progress: Progress::reached(new.status, now),
        priority: new.priority,
        tags: new.tags,
        due_date: new.due_date,
        timezone: new.timezone.unwrap_or(timezone),
        recurrence: new.recurrence,
        reminders: new.reminders,
        assignee: new.assignee,
        reporter: actor.user_id.clone(),
        recurrence_id: None,
        occurrence: None,
        version: 1,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    };
    task.begin_series(now)?;
    Ok(task)
}

/// 422 with the rule that is broken, at its place.
pub(super) fn refused(Invalid { pointer, code, detail }: Invalid) -> Problem {
    Problem::validation(vec![FieldError::new(pointer, code, detail)])
}

/// Refuses an assignee who is not a member of the workspace.
///
/// # Errors
/// 422 `assignee_unknown`.
pub(super) async fn check_assignee(change: &Change, workspace_id: Uuid, assignee: Option<&str>) -> Result<(), Problem> {
    let Some(assignee) = assignee else { return Ok(()) };
    // Postgres text cannot hold NUL, so nobody is called that.
    if !assignee.contains('\0') && users::is_member(change.transaction(), assignee, workspace_id).await? {
        return Ok(());
    }
    let detail = "The assignee is not a member of the workspace.";
    Err(Problem::validation(vec![FieldError::new("/assignee", "assignee_unknown", detail)]))
}

/// Refuses reminders that are past or too far ahead, but for those that the task `had`.
///
/// # Errors
/// 422 `reminder_past`, `reminder_too_far`.
pub(super) fn check_reminders(
    reminders: &[Reminder],
    had: &[Reminder],
    due_date: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let checked = Reminder::check_moments(reminders, had, due_date, now);
    checked.map_err(|invalid| refused(invalid.within("/reminders")))
}

async fn timezone_of(change: &Change, actor: &Actor) -> Result<TimeZone, Problem> {
    let user = users::find(change.transaction(), &actor.user_id).await?;
    Ok(user.and_then(|user| TimeZone::parse(&user.timezone).ok()).unwrap_or(TimeZone::UTC))
}
