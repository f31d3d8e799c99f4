//! A page of the history.

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::criteria::{Criteria, Page};
use crate::store::entries;

/// The newest entries that meet `criteria`.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn list_entries(db: &impl ConnectionTrait, criteria: &Criteria) -> Result<Page, DbErr> {
    let found = entries::find(db, criteria, criteria.limit.get() + 1).await?;
    Ok(Page::cut(found, criteria.limit))
}
