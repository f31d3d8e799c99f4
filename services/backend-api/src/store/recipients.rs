//! Whom a message about a task may reach: those of its people who may see it at this moment, and how they are reached.

use chrono::{DateTime, Utc};
use platform::database::{Pool, begin_as_system, statement};
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Order, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, FromQueryResult, Statement};
use serde::Serialize;
use uuid::Uuid;

use super::visibility::visible_to_each;

/// Somebody who can be told something.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize)]
pub struct Person {
    user_id: String,
    email: Option<String>,
    first_name: String,
    last_name: String,
    timezone: String,
}

/// A task with those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concern {
    id: Uuid,
    workspace_id: Uuid,
    title: String,
    due_date: Option<DateTime<Utc>>,
    /// `open`, `completed`, `archived` or `deleted`: the last of these that it is.
    status: &'static str,
    version: i32,
    /// Its user, its reporter and its assignee, each once, as far as they may see it.
    people: Vec<Person>,
}

/// A task with one of its people, if it has any who may see it.
#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    workspace_id: Uuid,
    title: String,
    due_date: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    version: i32,
    archived_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    #[sea_orm(nested)]
    person: Option<Person>,
}

/// Those of the tasks that there are, in the order of their ids, deleted and archived ones too.
///
/// # Errors
/// When the database is away.
pub async fn of_tasks(db: &Pool, ids: Vec<Uuid>) -> Result<Vec<Concern>, DbErr> {
    let mut concerns: Vec<Concern> = Vec::new();
    for row in read::<Row>(db, of_tasks_statement(ids)).await? {
        let person = row.person.clone();
        match concerns.last_mut().filter(|concern| concern.id == row.id) {
            Some(concern) => concern.people.extend(person),
            None => concerns.push(row.into_concern()),
        }
    }
    Ok(concerns)
}

/// Those of the users that there are, in the order of their ids.
///
/// # Errors
/// When the database is away.
pub async fn people(db: &Pool, ids: Vec<String>) -> Result<Vec<Person>, DbErr> {
    let sql =
        "SELECT id AS user_id, email, first_name, last_name, timezone FROM core.users WHERE id = ANY ($1) ORDER BY id";
    read(db, statement(sql, [ids.into()])).await
}

async fn read<T: FromQueryResult>(db: &Pool, question: Statement) -> Result<Vec<T>, DbErr> {
    let transaction = begin_as_system(db).await?;
    let rows = transaction.query_all_raw(question).await?;
    transaction.commit().await?;
    rows.iter().map(|row| T::from_query_result(row, "")).collect()
}

/// What [`of_tasks`] asks for.
pub fn of_tasks_statement(ids: Vec<Uuid>) -> Statement {
    let of_task = ["user_id", "reporter", "assignee"].map(|column| Expr::col(("task", column)));
    let people = Query::select()
        .expr_as(Expr::col(("person", "id")), "user_id")
        .columns(["email", "first_name", "last_name", "timezone"].map(|column| ("person", column)))
        .from_as(("core", "users"), "person")
        .and_where(Expr::col(("person", "id")).is_in(of_task))
        .and_where(visible_to_each(("person", "id"), ("task", "workspace_id")))
        .to_owned();
    let of_task = ["id", "workspace_id", "title", "due_date", "completed_at", "version", "archived_at", "deleted_at"];
    let question = Query::select()
        .columns(of_task.map(|column| ("task", column)))
        .columns(["user_id", "email", "first_name", "last_name", "timezone"].map(|column| ("person", column)))
        .from_as(("core", "tasks"), "task")
        .join_lateral(JoinType::LeftJoin, people, "person", Expr::val(true))
        .and_where(Expr::col(("task", "id")).eq_any(ids))
        .order_by(("task", "id"), Order::Asc)
        .order_by(("person", "user_id"), Order::Asc)
        .to_owned();
    DbBackend::Postgres.build(&question)
}

impl Row {
    fn into_concern(self) -> Concern {
        let status = self.status();
        let Self { id, workspace_id, title, due_date, version, person, .. } = self;
        Concern { id, workspace_id, title, due_date, status, version, people: person.into_iter().collect() }
    }

    fn status(&self) -> &'static str {
        match (self.deleted_at, self.archived_at, self.completed_at) {
            (Some(_), ..) => "deleted",
            (_, Some(_), _) => "archived",
            (.., Some(_)) => "completed",
            _ => "open",
        }
    }
}
