//! People change, stop and skip series as a whole.

use platform::database::begin;
use sea_orm::DbErr;
use uuid::Uuid;

use super::settle;
use crate::app::App;
use crate::domain::changes::{Changes, NoSkip};
use crate::domain::series::{Now, Series};
use crate::store::series;

/// Changes the series for its instances to come. One that is not there, or in another workspace, is left alone.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(crate) async fn change(app: &App, id: Uuid, workspace_ids: &[Uuid], changes: Changes) -> Result<(), DbErr> {
    decide(app, id, workspace_ids, |series, now| series.change(changes, now)).await.map(|_| ())
}

/// Stops the series.
///
/// # Errors
/// As for [`change`].
pub(crate) async fn stop(app: &App, id: Uuid, workspace_ids: &[Uuid]) -> Result<(), DbErr> {
    decide(app, id, workspace_ids, Series::stop_for_good).await.map(|_| ())
}

/// Passes the latest instance over, if it is `expected`, and once for each `key`; says why not.
///
/// # Errors
/// As for [`change`].
pub(crate) async fn skip(
    app: &App,
    id: Uuid,
    workspace_ids: &[Uuid],
    expected: Option<i32>,
    key: Option<String>,
) -> Result<Result<(), NoSkip>, DbErr> {
    let decided = decide(app, id, workspace_ids, |series, now| series.skip(expected, key, now)).await?;
    Ok(decided.unwrap_or(Ok(())))
}

async fn decide<T>(
    app: &App,
    id: Uuid,
    workspace_ids: &[Uuid],
    decision: impl FnOnce(&mut Series, &Now<'_>) -> T,
) -> Result<Option<T>, DbErr> {
    let transaction = begin(&app.db).await?;
    let Some(held) = series::lock_in(&transaction, id, workspace_ids).await? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let mut after = held.clone();
    let decided = settle::now(app, |now| decision(&mut after, now));
    settle::save(app, transaction, vec![(held, after)]).await?;
    Ok(Some(decided))
}
