//! Tasks as rows, and the finders through which alone they are read.

use chrono::{DateTime, Utc};
use platform::problem::Problem;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, Condition, DbBackend, FromQueryResult as _, IntoActiveModel as _, Iterable as _, QueryOrder as _,
    QuerySelect, QueryTrait as _, Statement, Value,
};
use serde_json::json;

use super::task_page::{RANK, page_statement};
use super::visibility::{in_each_workspace_of, visible_to};
use crate::domain::listing::{Filter, Page, Position, SortKey};
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::tags::TagSet;
use crate::domain::task::{Progress, Task};
use crate::domain::text::{Description, Title};
use crate::domain::timezone::TimeZone;

/// How many tasks of a series are changed at once.
pub const MOST_OF_A_SERIES: u64 = 1_000;

/// A row of `core.tasks`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "core", table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    workspace_id: Uuid,
    user_id: String,
    reporter: String,
    assignee: Option<String>,
    project_id: Option<Uuid>,
    #[sea_orm(column_name = "ref")]
    reference: Option<String>,
    title: String,
    description: String,
    status: String,
    completed_at: Option<DateTime<Utc>>,
    priority: i16,
    tags: Vec<String>,
    due_date: Option<DateTime<Utc>>,
    timezone: String,
    recurrence: Option<Json>,
    reminders: Json,
    recurrence_id: Option<Uuid>,
    occurrence: Option<i32>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    archived_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
}

/// Related rows are found by finders of their own.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The task, if it lives and the user may see it.
///
/// # Errors
/// When the database is away, or the row breaks a rule that it should have kept.
pub async fn find(db: &impl ConnectionTrait, user_id: &str, id: Uuid) -> Result<Option<Task>, Problem> {
    let task = in_each_workspace_of(user_id, living(id).into_query(), (Entity, Column::WorkspaceId), |found| found);
    Model::find_by_statement(DbBackend::Postgres.build(&task)).one(db).await?.map(Task::try_from).transpose()
}

/// The same, locked until the transaction ends, which acts as the user.
///
/// # Errors
/// As [`find`].
pub async fn find_for_update(db: &impl ConnectionTrait, user_id: &str, id: Uuid) -> Result<Option<Task>, Problem> {
    lock(db, user_id, living(id)).await
}

/// The same, also if it is deleted and not purged yet.
///
/// # Errors
/// As [`find`].
pub async fn find_in_any_state_for_update(
    db: &impl ConnectionTrait,
    user_id: &str,
    id: Uuid,
) -> Result<Option<Task>, Problem> {
    lock(db, user_id, Entity::find_by_id(id)).await
}

/// The task, if it lives, locked until the transaction ends, which acts as the system: for the service's own work, and so for
/// whichever workspace it is of.
///
/// # Errors
/// As [`find`].
pub async fn find_for_system_update(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Task>, Problem> {
    living(id).lock_exclusive().one(db).await?.map(Task::try_from).transpose()
}

/// The latest open task of a series, if the user may see one, for a transaction that acts as the user.
///
/// # Errors
/// As [`find`].
pub async fn find_latest_open_of_series(
    db: &impl ConnectionTrait,
    user_id: &str,
    series_id: Uuid,
) -> Result<Option<Task>, Problem> {
    of_series(user_id, series_id, false).one(db).await?.map(Task::try_from).transpose()
}

/// Whether a series is over, for a transaction that acts as the user: it is when people took the recurrence from its latest task, and stopping a
/// series does so.
///
/// # Errors
/// When the database is away.
pub async fn is_series_over(db: &impl ConnectionTrait, user_id: &str, series_id: Uuid) -> Result<bool, DbErr> {
    // What lost its place in the series, deleted or archived before it was done, kept the recurrence that it had.
    let counts = Condition::any().add(keeps_its_place()).add(Column::Recurrence.is_null());
    let latest = in_series(user_id, series_id, counts);
    Ok(latest.one(db).await?.is_some_and(|latest| latest.recurrence.is_none()))
}

/// Which tasks there are of a series, each kind with the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    /// Those that are open.
    pub open: Vec<Uuid>,
    /// Those that are done.
    pub done: Vec<Uuid>,
}

/// The living tasks of a series that the user may see, for a transaction that acts as the user: the open ones, and with `done` those that
/// are done. At most [`MOST_OF_A_SERIES`], the latest.
///
/// # Errors
/// When the database is away.
pub async fn list_of_series(
    db: &impl ConnectionTrait,
    user_id: &str,
    series_id: Uuid,
    done: bool,
) -> Result<Instances, DbErr> {
    let mut instances = Instances::default();
    for row in db.query_all_raw(of_series_statement(user_id, series_id, done)).await? {
        let status: String = row.try_get("", Column::Status.as_str())?;
        let kind = if status == Status::Done.as_str() { &mut instances.done } else { &mut instances.open };
        kind.push(row.try_get("", Column::Id.as_str())?);
    }
    Ok(instances)
}

/// What [`list_of_series`] asks for.
pub fn of_series_statement(user_id: &str, series_id: Uuid, done: bool) -> Statement {
    of_series(user_id, series_id, done)
        .select_only()
        .columns([Column::Id, Column::Status])
        .limit(MOST_OF_A_SERIES)
        .build(DbBackend::Postgres)
}

/// Those of `ids` that [`list_of_series`] would still list, locked until the transaction ends.
///
/// # Errors
/// As [`find`].
pub async fn find_of_series_for_update(
    db: &impl ConnectionTrait,
    user_id: &str,
    series_id: Uuid,
    done: bool,
    ids: &[Uuid],
) -> Result<Vec<Task>, Problem> {
    let wanted = of_series(user_id, series_id, done).filter(Column::Id.is_in(ids.iter().copied()));
    let rows = wanted.lock_exclusive().all(db).await?;
    rows.into_iter().map(Task::try_from).collect()
}

fn of_series(user_id: &str, series_id: Uuid, done: bool) -> Select<Entity> {
    let listed = in_series(user_id, series_id, keeps_its_place());
    if done { listed } else { listed.filter(Column::Status.ne(Status::Done.as_str())) }
}

/// Neither deleted nor archived before it was done.
fn keeps_its_place() -> Condition {
    let is_done = Column::Status.eq(Status::Done.as_str());
    let kept = Condition::any().add(is_done).add(Column::ArchivedAt.is_null());
    Condition::all().add(Column::DeletedAt.is_null()).add(kept)
}

/// Those tasks of a series that the user may see, the latest first.
fn in_series(user_id: &str, series_id: Uuid, which: Condition) -> Select<Entity> {
    Entity::find()
        .filter(Column::RecurrenceId.eq(series_id))
        .filter(which)
        .filter(visible_to(user_id, (Entity, Column::WorkspaceId)))
        .order_by_desc(Column::Occurrence)
        .order_by_asc(Column::Id)
}

async fn lock(db: &impl ConnectionTrait, user_id: &str, wanted: Select<Entity>) -> Result<Option<Task>, Problem> {
    let visible = visible_to(user_id, (Entity, Column::WorkspaceId));
    wanted.filter(visible).lock_exclusive().one(db).await?.map(Task::try_from).transpose()
}

fn living(id: Uuid) -> Select<Entity> {
    Entity::find_by_id(id).filter(Column::DeletedAt.is_null())
}

/// A page of the living tasks that the user may see, and the place where the next one starts, if more follow.
///
/// # Errors
/// As [`find`].
pub async fn list(
    db: &impl ConnectionTrait,
    user_id: &str,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Task>, Option<Position>), Problem> {
    let mut rows = db.query_all_raw(page_statement(user_id, filter, page)).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    if let Some(undated) = page.undated().filter(|_| rows.len() <= limit) {
        rows.extend(db.query_all_raw(page_statement(user_id, filter, &undated)).await?);
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let tasks = rows.iter().map(|row| Model::from_query_result(row, "")?.try_into());
    let tasks = tasks.collect::<Result<Vec<Task>, Problem>>()?;
    let Some((task, row)) = tasks.last().zip(rows.last()).filter(|_| more) else {
        return Ok((tasks, None));
    };
    let rank = (page.sort.key == SortKey::Relevance).then(|| row.try_get("", RANK)).transpose()?;
    let next = Position::after(task, page.sort.key, rank);
    Ok((tasks, Some(next)))
}

/// Stores a new task.
///
/// # Errors
/// When the database refuses.
pub async fn insert(db: &impl ConnectionTrait, task: &Task) -> Result<(), DbErr> {
    Entity::insert(row(task)).exec_without_returning(db).await.map(|_| ())
}

/// Stores a task, unless its id is in the table: then that row stays as it is.
///
/// # Errors
/// When the database refuses.
pub async fn insert_unless_there(db: &impl ConnectionTrait, task: &Task) -> Result<(), DbErr> {
    let unless_there = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(row(task)).on_conflict(unless_there).exec_without_returning(db).await.map(|_| ())
}

/// Stores a task that was locked by [`find_for_update`] or [`find_in_any_state_for_update`].
///
/// # Errors
/// When the database refuses.
pub async fn update(db: &impl ConnectionTrait, task: &Task) -> Result<(), DbErr> {
    let changed = Entity::update_many().set(row(task)).filter(Column::Id.eq(task.id)).exec(db).await?;
    if changed.rows_affected == 1 { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

/// The columns of a task's row with their values.
pub(super) fn fields(task: &Task) -> impl Iterator<Item = (&'static str, Value)> {
    let row = row(task);
    Column::iter().filter_map(move |column| Some((column.as_str(), row.get(column).into_value()?)))
}

fn row(task: &Task) -> ActiveModel {
    let mut row = Model {
        id: task.id,
        workspace_id: task.workspace_id,
        user_id: task.user_id.clone(),
        reporter: task.reporter.clone(),
        assignee: task.assignee.clone(),
        project_id: task.project_id,
        reference: task.reference.clone(),
        title: task.title.as_str().to_owned(),
        description: task.description.as_str().to_owned(),
        status: task.progress.status().as_str().to_owned(),
        completed_at: task.progress.completed_at(),
        priority: task.priority.rank(),
        tags: task.tags.as_slice().to_vec(),
        due_date: task.due_date,
        timezone: task.timezone.name().to_owned(),
        recurrence: task.recurrence.as_ref().map(|recurrence| json!(recurrence)),
        reminders: json!(task.reminders),
        recurrence_id: task.recurrence_id,
        occurrence: task.occurrence,
        version: task.version,
        created_at: task.created_at,
        updated_at: task.updated_at,
        archived_at: task.archived_at,
        deleted_at: task.deleted_at,
    }
    .into_active_model()
    .reset_all();
    row.id = Set(task.id);
    row
}

impl TryFrom<Model> for Task {
    type Error = Problem;

    fn try_from(row: Model) -> Result<Self, Problem> {
        let id = row.id;
        read(row).map_err(|cause| Problem::internal(&format!("task {id} is stored wrongly: {cause}")))
    }
}

fn read(row: Model) -> Result<Task, Box<dyn std::error::Error>> {
    let status = Status::parse(&row.status)?;
    Ok(Task {
        id: row.id,
        user_id: row.user_id,
        workspace_id: row.workspace_id,
        project_id: row.project_id,
        reference: row.reference,
        title: Title::parse(&row.title)?,
        description: Description::parse(&row.description)?,
        progress: Progress::reached(status, row.completed_at.unwrap_or(row.updated_at)),
        priority: Priority::from_rank(row.priority),
        tags: TagSet::stored(row.tags),
        due_date: row.due_date,
        timezone: TimeZone::parse(&row.timezone)?,
        recurrence: row.recurrence.map(serde_json::from_value).transpose()?,
        reminders: serde_json::from_value(row.reminders)?,
        assignee: row.assignee,
        reporter: row.reporter,
        recurrence_id: row.recurrence_id,
        occurrence: row.occurrence,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        archived_at: row.archived_at,
        deleted_at: row.deleted_at,
    })
}
