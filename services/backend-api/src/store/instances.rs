//! Tasks of series: where a new one would stand, and those that there are.

use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::domain::task::Task;

/// What a new task of a series meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Footing {
    /// There is a task of its id, deleted or not.
    pub is_there: bool,
    /// Its user is a member of its workspace.
    pub has_user: bool,
    /// Its reporter is one.
    pub has_reporter: bool,
    /// Its assignee is one.
    pub has_assignee: bool,
}

/// What `task` would meet. The transaction acts as the system.
///
/// # Errors
/// When the database is away.
pub async fn footing(db: &impl ConnectionTrait, task: &Task) -> Result<Footing, DbErr> {
    let sql = "SELECT EXISTS (SELECT FROM core.tasks WHERE id = $1) AS is_there, core.is_member($2, $5) AS has_user, \
                 core.is_member($3, $5) AS has_reporter, core.is_member($4, $5) AS has_assignee";
    let values = [
        task.id.into(),
        task.user_id.clone().into(),
        task.reporter.clone().into(),
        task.assignee.clone().into(),
        task.workspace_id.into(),
    ];
    let found = Footing::find_by_statement(statement(sql, values)).one(db).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("a statement without a condition".to_owned()))
}
