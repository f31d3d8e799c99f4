//! Deleting: all who delete at that moment, in one statement.

use platform::database::Pool;
use platform::group_commit::StoreGroup;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement, Value};

/// Rows are taken in the order in which every statement takes them, so that none waits for another crosswise.
const REMOVE: &str = "\
DELETE FROM sidecar.jobs AS job USING
    (SELECT job.app_id, job.name FROM sidecar.jobs AS job
     JOIN unnest($1::text[], $2::text[]) AS gone (app_id, name) USING (app_id, name)
     ORDER BY job.app_id, job.name FOR UPDATE OF job) AS held
WHERE job.app_id = held.app_id AND job.name = held.name";

/// Jobs that are deleted together, at most.
pub(super) const MOST: usize = 256;

/// Deletes jobs by their apps and names.
#[derive(Debug)]
pub(super) struct Remover {
    pub(super) db: Pool,
}

impl StoreGroup for Remover {
    type Item = (String, String);
    type Answer = ();

    async fn store(&self, jobs: &[(String, String)]) -> Result<Vec<()>, DbErr> {
        let (apps, names): (Vec<String>, Vec<String>) = jobs.iter().cloned().unzip();
        let values: [Value; 2] = [apps.into(), names.into()];
        self.db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, REMOVE, values)).await?;
        Ok(vec![(); jobs.len()])
    }
}
