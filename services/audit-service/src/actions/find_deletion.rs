//! The last state of a deleted task.

use std::collections::BTreeSet;

use events::EventType;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::domain::entry::Entry;
use crate::store::entries;

/// The deletion of the task, when nothing happened to the task after it.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn find_deletion(
    db: &impl ConnectionTrait,
    workspace_ids: &BTreeSet<Uuid>,
    task_id: Uuid,
) -> Result<Option<Entry>, DbErr> {
    let newest = entries::find_newest_of_task(db, workspace_ids, task_id).await?;
    Ok(newest.filter(|entry| entry.event_type == EventType::TaskDeleted.as_str()))
}
