//! Brings a client's copy of the tasks up to date: the whole state first, then what changed since.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use platform::database::Pool;
use platform::problem::Problem;
use uuid::Uuid;

use crate::domain::sync_token::{SyncToken, TaskPlace};
use crate::domain::task::Task;
use crate::store::sync::{Budget, PAGE_BYTES, Snapshot};

/// Events that one page of changes follows.
const PAGE_EVENTS: i64 = 1_000;

/// A page of a sync.
#[derive(Debug)]
pub struct Synced {
    /// How far the client's copy has come with it.
    pub token: SyncToken,
    /// Whether it is of the whole state rather than of changes.
    pub full: bool,
    /// Tasks to keep, as they are now.
    pub tasks: Vec<Task>,
    /// Tasks to forget.
    pub deleted: Vec<Uuid>,
    /// Whether there is more to read at once.
    pub has_more: bool,
}

/// The page after `reached`, or the first one. Everything is read from one snapshot: a number that it shows is the number of a
/// change that it shows too.
///
/// # Errors
/// 410 when the changes since `reached` are not known any more.
pub async fn sync_tasks(db: &Pool, user_id: &str, reached: Option<SyncToken>) -> Result<Synced, Problem> {
    let snapshot = Snapshot::take(db, user_id).await?;
    let mut token = reached.unwrap_or_else(|| SyncToken::start(snapshot.positions().clone()));
    if !token.leads_to(snapshot.positions()) {
        return Err(resync_required());
    }
    let full = token.read_to.is_some();
    let (tasks, deleted) = match token.read_to {
        Some(place) => (read_on(&snapshot, &mut token, place).await?, Vec::new()),
        None => follow(&snapshot, &mut token).await?,
    };
    let has_more = token.is_behind(snapshot.positions());
    snapshot.end().await?;
    Ok(Synced { token, full, tasks, deleted, has_more })
}

/// The next tasks of the whole state. The positions stay those of the first page: what changed since is told afterwards.
async fn read_on(snapshot: &Snapshot, token: &mut SyncToken, place: TaskPlace) -> Result<Vec<Task>, Problem> {
    let (tasks, more) = snapshot.page(place).await?;
    token.read_to = tasks.last().filter(|_| more).map(|task| TaskPlace { created_at: task.created_at, id: task.id });
    Ok(tasks)
}

/// The tasks that the next events changed: those that are there, and the ids of those that are not.
async fn follow(snapshot: &Snapshot, token: &mut SyncToken) -> Result<(Vec<Task>, Vec<Uuid>), Problem> {
    let mut changed = BTreeSet::new();
    let mut left = Budget { events: PAGE_EVENTS, bytes: PAGE_BYTES };
    for (workspace, position) in &mut token.positions {
        if left.is_spent() {
            break;
        }
        if snapshot.positions().get(workspace) != Some(position) {
            advance(snapshot, *workspace, position, &mut left, &mut changed).await?;
        }
    }
    let tasks = snapshot.current(changed.iter().copied().collect()).await?;
    let mut gone = changed;
    for task in &tasks {
        gone.remove(&task.id);
    }
    Ok((tasks, gone.into_iter().collect()))
}

/// Moves `position` forward in a workspace whose latest number is higher, and collects the tasks that changed on the way.
///
/// # Errors
/// 410 when the next event is not kept any more.
async fn advance(
    snapshot: &Snapshot,
    workspace: Uuid,
    position: &mut i64,
    left: &mut Budget,
    changed: &mut BTreeSet<Uuid>,
) -> Result<(), Problem> {
    let events = snapshot.changed_tasks(workspace, *position, *left).await?;
    if events.is_empty() {
        return Err(resync_required());
    }
    for event in events {
        *position = event.sequence;
        changed.extend(event.task_id);
        left.events -= 1;
        left.bytes -= event.bytes;
    }
    Ok(())
}

fn resync_required() -> Problem {
    Problem::new(StatusCode::GONE, "resync_required", "Start again").detail(
        "What changed since this token is not known any more: it is too old, or your workspaces are others now. \
         Drop your copy and start again with token=*.",
    )
}
