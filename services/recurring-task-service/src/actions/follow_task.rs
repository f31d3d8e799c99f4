//! A task of a series changed: the series follows.

use platform::database::{Transaction, begin};
use sea_orm::DbErr;

use super::settle;
use crate::app::App;
use crate::domain::follow::News;
use crate::domain::series::Series;
use crate::domain::task::Task;
use crate::store::series;

/// Acts on an event. One that comes again changes nothing.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(crate) async fn follow_task(app: &App, news: &News) -> Result<(), DbErr> {
    loop {
        let transaction = begin(&app.db).await?;
        match series::lock(&transaction, news.task.series_id, Some(news.task.id)).await? {
            Some(held) if news.sequence <= held.task_sequence => return transaction.rollback().await,
            Some(held) => return follow(app, transaction, held, news).await,
            None => {
                if begin_with(app, transaction, news).await? {
                    return Ok(());
                }
                // Another replica has begun the series meanwhile.
            }
        }
    }
}

/// Begins the series of a task that is new, as `sequence` events of its workspace left it: its own event may be on its way, and tells nothing
/// more then. A series that is there stays as it is.
///
/// # Errors
/// When the database is away; then nothing is changed.
pub(crate) async fn begin_series(app: &App, task: Task, sequence: i64) -> Result<(), DbErr> {
    let news = News { task, before: None, is_for_this_alone: false, sequence, at: app.clock.now(), trace: None };
    begin_with(app, begin(&app.db).await?, &news).await.map(|_| ())
}

async fn follow(app: &App, transaction: Transaction, held: Series, news: &News) -> Result<(), DbErr> {
    let mut after = held.clone();
    settle::now_in(app, news.trace.as_deref(), |now| after.follow(news, now));
    settle::save(app, transaction, vec![(held, after)]).await
}

/// Begins a series, if the event is of a task that repeats; says whether that is settled.
async fn begin_with(app: &App, transaction: Transaction, news: &News) -> Result<bool, DbErr> {
    let begun = settle::now_in(app, news.trace.as_deref(), |now| {
        let mut begun = Series::begin(&news.task, news.sequence, now)?;
        begun.follow(news, now);
        Some(begun)
    });
    let Some(begun) = begun.filter(|_| news.may_begin()) else {
        transaction.rollback().await?;
        return Ok(true);
    };
    if !series::begin(&transaction, &begun).await? {
        transaction.rollback().await?;
        return Ok(false);
    }
    transaction.commit().await?;
    app.counters.begun.inc();
    settle::ring(app, &begun);
    if begun.job().is_some() {
        app.bells.jobs.ring();
    }
    Ok(true)
}
