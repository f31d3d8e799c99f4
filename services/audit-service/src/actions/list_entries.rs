//! A page of the history.

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::criteria::{Criteria, Page};
use crate::store::entries;

/// The newest entries that meet `criteria`.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn list_entries(db: &impl ConnectionTrait, criteria: &Criteria) -> Result<Page, DbErr> {
    let (entries, more) = entries::find(db, criteria).await?;
    Ok(Page::new(entries, more))
}
