//! As whom the database is asked. Row-level security shows each caller the rows of their workspaces and nothing without a
//! caller; the settings that name them last as long as their transaction.

use platform::database::{Transaction, act_as_system, statement};
use sea_orm::{ConnectionTrait as _, DbErr};

/// As whom a transaction acts.
#[derive(Clone, Copy, Debug)]
pub enum Acting<'a> {
    /// As a user: their workspaces are seen.
    User(&'a str),
    /// As the service itself: everything is seen.
    System,
    /// As nobody yet: no tenant's rows are seen.
    Nobody,
}

impl Acting<'_> {
    /// Lets the rest of the transaction act so.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) async fn begin(self, transaction: &Transaction) -> Result<(), DbErr> {
        match self {
            Self::User(user_id) => {
                let sql = "SELECT set_config('tidings.user_id', $1, true)";
                transaction.execute_raw(statement(sql, [user_id.into()])).await.map(|_| ())
            }
            Self::System => act_as_system(transaction).await,
            Self::Nobody => Ok(()),
        }
    }
}

/// The first item of a `FROM` list: names user `$1` as the caller of this one statement and of those that follow in its
/// transaction. What comes after it, `CROSS JOIN LATERAL` and by `caller.id`, cannot be read before it: a subquery that has an
/// `OFFSET` is not merged into another. So a read needs no round trips for a transaction around it.
pub(super) const CALLER: &str = "(SELECT set_config('tidings.user_id', $1, true) AS id OFFSET 0) AS caller";
