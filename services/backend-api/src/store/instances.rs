//! What a new task of a series meets.

use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use crate::domain::task::Task;

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Footing {
    /// There is a task of its id, deleted or not.
    pub is_there: bool,
    /// Those of its people who are members of its workspace.
    pub members: Vec<String>,
}

impl Footing {
    /// Whether the user is one of [`Footing::members`].
    pub fn has(&self, user_id: &str) -> bool {
        self.members.iter().any(|member| member == user_id)
    }
}

/// Waits until no other change of the workspace is about to end, and keeps it so: who makes a task meanwhile has made it.
///
/// # Errors
/// When the database is away.
pub async fn hold_counter(db: &impl ConnectionTrait, workspace_id: Uuid) -> Result<(), DbErr> {
    let sql = "SELECT FROM core.workspaces WHERE id = $1 FOR NO KEY UPDATE";
    db.execute_raw(statement(sql, [workspace_id.into()])).await.map(|_| ())
}

/// What `task` would meet. The transaction acts as the system.
///
/// # Errors
/// When the database is away.
pub async fn footing(db: &impl ConnectionTrait, task: &Task) -> Result<Footing, DbErr> {
    let sql = "SELECT EXISTS (SELECT FROM core.tasks WHERE id = $1) AS is_there, \
                 ARRAY (SELECT user_id FROM core.members WHERE workspace_id = $2 AND user_id = ANY ($3)) AS members";
    let people = [Some(&task.user_id), Some(&task.reporter), task.assignee.as_ref()];
    let people: Vec<String> = people.into_iter().flatten().cloned().collect();
    let values = [task.id.into(), task.workspace_id.into(), people.into()];
    let found = Footing::find_by_statement(statement(sql, values)).one(db).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("a statement without a condition".to_owned()))
}
