//! Undo: brings a task back that was deleted or archived, from the table or, once it is purged, from the history.

use events::{EventDraft, EventType, Source};
use platform::dapr::invoke::Invoker;
use platform::problem::Problem;
use platform::trace::TraceContext;
use uuid::Uuid;

use super::edit;
use super::find_recorded_deletion::find_recorded_deletion;
use super::reinsert_task::reinsert_task;
use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::task::Task;
use crate::store::change::{Begun, Change, Changes};
use crate::store::idempotency::Once;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;
use crate::store::{tasks, users};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The task.
    pub id: Uuid,
    /// The version that it is meant for.
    pub expected: Precondition,
    /// The request's idempotency key.
    pub once: Option<Once>,
    /// Its trace.
    pub trace: Option<TraceContext>,
}

/// The answer.
#[derive(Debug)]
pub enum Restored {
    /// The request was carried out.
    Now(Reply),
    /// It had been carried out already: this was its answer.
    Before(Reply),
}

/// Restores the task in the table; or, if the table has none, puts the one that the history has back and restores that.
///
/// # Errors
/// 404, 409 when the task of the history breaks a rule of today, 412, 503 while the history is out of reach.
pub async fn restore_task(
    changes: &Changes,
    invoker: &Invoker,
    actor: &Actor,
    request: &Request,
) -> Result<Restored, Problem> {
    if let Some(restored) = attempt(changes, actor, request, None).await? {
        return Ok(restored);
    }
    let purged = find_recorded_deletion(&changes.db, invoker, actor, request.id, request.trace.as_ref()).await?;
    let restored = attempt(changes, actor, request, Some(purged)).await?;
    restored.ok_or_else(|| Problem::not_found("task"))
}

/// One transaction: puts `purged` back, if there is one, and restores the task. `None` when the table has no such task that
/// the actor may see; then no connection is held any more.
async fn attempt(
    changes: &Changes,
    actor: &Actor,
    request: &Request,
    purged: Option<Task>,
) -> Result<Option<Restored>, Problem> {
    let (acting, trace, once) = (Acting::User(&actor.user_id), request.trace.clone(), request.once.clone());
    let mut change = match changes.begin_once(acting, trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return Ok(Some(Restored::Before(reply))),
    };
    if let Some(task) = purged {
        reinsert_task(&change, actor, task).await?;
    }
    let Some(task) = restore_stored(&mut change, actor, request).await? else {
        change.abandon().await?;
        return Ok(None);
    };
    let reply = change.finish(Reply::ok(&task).version(task.version)).await?;
    Ok(Some(Restored::Now(reply)))
}

/// Takes back the deletion, or else the archiving, and tells `task.restored`. A task that is neither stays as it is, and
/// nothing is told. `None` when the table has no such task that the actor may see: it may have been purged.
///
/// # Errors
/// 412.
async fn restore_stored(change: &mut Change, actor: &Actor, request: &Request) -> Result<Option<Task>, Problem> {
    let found = tasks::find_in_any_state_for_update(change.transaction(), &actor.user_id, request.id).await?;
    let Some(before) = found else { return Ok(None) };
    edit::expect(&before, &request.expected)?;
    let mut after = before.clone();
    after.restore();
    if after == before {
        return Ok(Some(before));
    }
    if before.deleted_at.is_some() {
        clear_gone_assignee(change, &mut after).await?;
    }
    edit::save(change, &mut after).await?;
    let (before, now) = (before.event_data(), after.event_data());
    change.emit(EventDraft::task_changed(EventType::TaskRestored, &actor.user_id, before, now, Source::Restore));
    Ok(Some(after))
}

/// Whoever left the workspace in the meantime is not given a task of it.
async fn clear_gone_assignee(change: &Change, task: &mut Task) -> Result<(), Problem> {
    if let Some(assignee) = &task.assignee
        && !users::is_member(change.transaction(), assignee, task.workspace_id).await?
    {
        task.assignee = None;
    }
    Ok(())
}
