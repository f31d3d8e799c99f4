//! Brings a client's copy of the tasks up to date: the whole state first, then what changed since.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use platform::problem::Problem;
use sea_orm::{AccessMode, DatabaseConnection, DatabaseTransaction, IsolationLevel, TransactionTrait as _};
use uuid::Uuid;

use crate::domain::checkpoint::{Checkpoint, Positions, TaskPlace};
use crate::domain::task::Task;
use crate::store::history::{self, Budget};
use crate::store::{copies, users};

/// Events that one page of changes follows.
const PAGE_EVENTS: i64 = 1_000;

/// A page of a sync.
#[derive(Debug)]
pub struct Synced {
    /// How far the client's copy has come with it.
    pub checkpoint: Checkpoint,
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
pub async fn sync_tasks(
    db: &DatabaseConnection,
    user_id: &str,
    reached: Option<Checkpoint>,
) -> Result<Synced, Problem> {
    let transaction = db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?;
    // Names the user as the caller of all that follows in this transaction.
    let memberships = users::memberships(&transaction, user_id).await?;
    let current: Positions = memberships.iter().map(|workspace| (workspace.id, workspace.sequence)).collect();
    let mut checkpoint = reached.unwrap_or_else(|| Checkpoint::start(current.clone()));
    if !checkpoint.leads_to(&current) {
        return Err(resync_required());
    }
    let full = checkpoint.read_to.is_some();
    let (tasks, deleted) = match checkpoint.read_to {
        Some(place) => (read_on(&transaction, user_id, &mut checkpoint, place).await?, Vec::new()),
        None => follow(&transaction, user_id, &mut checkpoint, &current).await?,
    };
    transaction.commit().await?;
    let has_more = checkpoint.is_behind(&current);
    Ok(Synced { checkpoint, full, tasks, deleted, has_more })
}

/// The next tasks of the whole state. The positions stay those of the first page: what changed since is told afterwards.
async fn read_on(
    transaction: &DatabaseTransaction,
    user_id: &str,
    checkpoint: &mut Checkpoint,
    place: TaskPlace,
) -> Result<Vec<Task>, Problem> {
    let (tasks, more) = copies::page(transaction, user_id, place).await?;
    checkpoint.read_to =
        tasks.last().filter(|_| more).map(|task| TaskPlace { created_at: task.created_at, id: task.id });
    Ok(tasks)
}

/// The tasks that the next events changed: those that are there, and the ids of those that are not.
async fn follow(
    transaction: &DatabaseTransaction,
    user_id: &str,
    checkpoint: &mut Checkpoint,
    current: &Positions,
) -> Result<(Vec<Task>, Vec<Uuid>), Problem> {
    let mut gone = BTreeSet::new();
    let mut left = Budget { events: PAGE_EVENTS, bytes: copies::PAGE_BYTES };
    for (workspace, position) in &mut checkpoint.positions {
        if left.is_spent() {
            break;
        }
        if current.get(workspace) != Some(position) {
            advance(transaction, *workspace, position, &mut left, &mut gone).await?;
        }
    }
    let tasks = copies::current(transaction, user_id, gone.iter().copied().collect()).await?;
    for task in &tasks {
        gone.remove(&task.id);
    }
    Ok((tasks, gone.into_iter().collect()))
}

/// Moves `position` forward in a workspace whose latest number is higher, and collects the tasks that changed on the way.
async fn advance(
    transaction: &DatabaseTransaction,
    workspace: Uuid,
    position: &mut i64,
    left: &mut Budget,
    changed: &mut BTreeSet<Uuid>,
) -> Result<(), Problem> {
    let start = *position;
    for event in history::changed_tasks(transaction, workspace, start, *left).await? {
        if event.sequence != *position + 1 {
            break;
        }
        *position = event.sequence;
        changed.extend(event.task_id);
        left.events -= 1;
        left.bytes -= event.bytes;
    }
    // The next event is not kept any more.
    if *position == start { Err(resync_required()) } else { Ok(()) }
}

fn resync_required() -> Problem {
    Problem::new(StatusCode::GONE, "resync_required", "Start again").detail(
        "What changed since this token is not known any more: it is too old, or your workspaces are others now. \
         Drop your copy and start again with token=*.",
    )
}
