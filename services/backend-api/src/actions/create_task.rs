//! Creates a task in the actor's personal workspace.

use events::{EventDraft, Source};
use platform::problem::{FieldError, Problem};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::task::{NewTask, Progress, Task};
use crate::domain::timezone::TimeZone;
use crate::store::change::Change;
use crate::store::{tasks, users};

/// Stores the task and tells `task.created`.
///
/// # Errors
/// 422 when the assignee is not a member of the workspace.
pub async fn create_task(change: &mut Change, actor: &Actor, new: NewTask, source: Source) -> Result<Task, Problem> {
    check_assignee(change, actor.workspace_id, new.assignee.as_deref()).await?;
    let timezone = match new.timezone {
        Some(timezone) => timezone,
        None => timezone_of(change, actor).await?,
    };
    let now = change.clock().now();
    let task = Task {
        id: change.clock().new_id(),
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
        timezone,
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
    tasks::insert(change.transaction(), &task).await?;
    change.emit(EventDraft::task_created(&actor.user_id, task.event_data(), source));
    Ok(task)
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

async fn timezone_of(change: &Change, actor: &Actor) -> Result<TimeZone, Problem> {
    let user = users::find(change.transaction(), &actor.user_id).await?;
    Ok(user.and_then(|user| TimeZone::parse(&user.timezone).ok()).unwrap_or(TimeZone::UTC))
}
