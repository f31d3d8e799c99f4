//! The question for a page of a list of tasks, put so that an index answers it.

use chrono::DateTime;
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{
    Asterisk, CommonTableExpression, Expr, ExprTrait as _, JoinType, NullOrdering, Order, Query, SelectStatement,
    SimpleExpr, UnionType,
};
use sea_orm::{
    ColumnTrait as _, Condition, DbBackend, EntityTrait as _, Iterable as _, QueryFilter as _, QueryTrait as _,
    Statement,
};

use super::tasks::{Column, Entity};
use super::visibility::{in_each_workspace_of, in_workspace_at_hand};
use crate::domain::listing::{Filter, Page, Position, SearchText, SortKey};
use crate::domain::status::Status;

/// The column that tells how well a task matches; only lists by relevance have it.
pub const RANK: &str = "rank";

/// As many matches of a workspace are ranked, so that a word that is in every task costs little more than a rare one.
pub const RANKED_MATCHES: u64 = 1000;

/// As many tasks are looked through, in the order of the list, before a tag is looked up: a tag that many tasks have is read off the
/// beginning of the list, and one that few have is quick to look up.
pub const LOOKED_THROUGH: u64 = 1000;

/// The living tasks that the user may see, one more than the page has. Beyond a due date there are only tasks with one: the
/// others are asked for apart, because no index serves both at once.
pub fn page_statement(user_id: &str, filter: &Filter, page: &Page) -> Statement {
    let matching = Entity::find().filter(Column::DeletedAt.is_null()).filter(matching(filter)).into_query();
    let matching = if filter.q.is_some() || filter.tag.is_some() { found_by_words(matching, filter) } else { matching };
    let in_each = in_each_workspace_of(user_id, matching, (Entity, Column::WorkspaceId), |matching| {
        match (&filter.q, &filter.tag) {
            (Some(q), _) if page.sort.key == SortKey::Relevance => first(ranked(matching, q), page),
            (Some(_), _) => first(without_words(matching), page),
            (None, Some(tag)) => first_with_tag(matching, tag, filter, page),
            _ => first(matching, page),
        }
    });
    DbBackend::Postgres.build(ordered(in_each, page).limit(page.limit + 1))
}

/// The columns of a task.
fn columns() -> impl Iterator<Item = (Entity, Column)> {
    Column::iter().map(|column| (Entity, column))
}

/// Tasks that were found by words, without the words: they are long, and what no driver knows the type of it has to look up.
fn without_words(mut found: SelectStatement) -> SelectStatement {
    found.clear_selects().columns(columns()).to_owned()
}

/// As many of `matching` as a page needs.
fn first(mut matching: SelectStatement, page: &Page) -> SelectStatement {
    if let Some(after) = page.after {
        matching.cond_where(beyond(after, page));
    }
    ordered(matching, page).limit(page.limit + 1).to_owned()
}

/// The same where `found` are looked up by their tag, which is only done when the beginning of the list does not fill the page.
fn first_with_tag(mut found: SelectStatement, tag: &str, filter: &Filter, page: &Page) -> SelectStatement {
    let beginning = Entity::find()
        .filter(Column::DeletedAt.is_null())
        .filter(in_workspace_at_hand((Entity, Column::WorkspaceId)))
        .apply_if(page.after, |select, after| select.filter(beyond(after, page)))
        .into_query();
    let beginning = ordered(beginning, page).limit(LOOKED_THROUGH).to_owned();
    let has_tag = Expr::col((Entity, Column::Tags)).contains(Expr::value(vec![tag.to_owned()]));
    let at_once = Query::select()
        .columns(columns())
        .from_subquery(beginning, Entity)
        .cond_where(matching(filter).add(has_tag))
        .to_owned();
    let at_once = ordered(at_once, page).limit(page.limit + 1).to_owned();
    let fills =
        |comparison| Expr::cust_with_values(format!("(SELECT count(*) FROM at_once) {comparison} $1"), [page.limit]);
    found.clear_selects().columns(columns()).and_where(fills("<="));
    let looked_up = Query::select().columns(columns()).from_subquery(first(found, page), Entity).to_owned();
    let at_once = CommonTableExpression::new().table_name("at_once").query(at_once).materialized(true).to_owned();
    Query::select()
        .with_cte(at_once)
        .columns(columns())
        .from_as("at_once", Entity)
        .and_where(fills(">"))
        .union(UnionType::All, looked_up)
        .to_owned()
}

fn matching(filter: &Filter) -> Condition {
    let of_status = |wanted: fn(Status) -> bool| {
        Column::Status.is_in(Status::ALL.into_iter().filter(|status| wanted(*status)).map(Status::as_str))
    };
    Condition::all()
        .add_option(filter.status.map(|status| Column::Status.eq(status.as_str())))
        .add_option(
            filter.completed.map(|yes| of_status(if yes { Status::is_done } else { |status| !status.is_done() })),
        )
        .add_option(filter.priority.map(|priority| Column::Priority.eq(priority.rank())))
        .add_option(filter.due_before.map(|moment| Column::DueDate.lt(moment)))
        .add_option(filter.due_after.map(|moment| Column::DueDate.gte(moment)))
        .add_option(filter.project.map(|project| Column::ProjectId.eq(project)))
        .add_option(filter.assignee.clone().map(|assignee| Column::Assignee.eq(assignee)))
        .add(if filter.archived { Column::ArchivedAt.is_not_null() } else { Column::ArchivedAt.is_null() })
}

/// Those of `tasks` that have the words: first the words' index gives ids, then each task is fetched. The offsets leave the planner
/// no other way: it cannot know how many tasks a word is in, and would read a whole workspace when it guesses wrong.
fn found_by_words(mut tasks: SelectStatement, filter: &Filter) -> SelectStatement {
    let asked = [filter.q.as_ref().map(|q| q.as_str().to_owned()), filter.tag.clone()];
    let found = Query::select()
        .columns(["task_id", "words"])
        .from(("core", "task_words"))
        .and_where(Expr::cust_with_values("words @@ core.search_query(members.workspace_id, $1, $2)", asked))
        .offset(0)
        .to_owned();
    tasks.and_where(Expr::col((Entity, Column::Id)).equals(("found", "task_id"))).offset(0);
    Query::select()
        .column((Entity, Asterisk))
        .column(("found", "words"))
        .from_subquery(found, "found")
        .join_lateral(JoinType::InnerJoin, tasks, Entity, Expr::val(true))
        .to_owned()
}

/// The newest of the matches, each with its rank: a whole number, so that a cursor compares exactly. It adds up where the words are
/// found: in the title 1,000,000 each, among the tags 400,000, in the description nothing.
fn ranked(mut matching: SelectStatement, q: &SearchText) -> SelectStatement {
    matching
        .order_by((Entity, Column::CreatedAt), Order::Desc)
        .order_by((Entity, Column::Id), Order::Desc)
        .limit(RANKED_MATCHES);
    let rank = "(1000000 * ts_rank_cd('{0, 0, 0.4, 1}', tasks.words, (\
                SELECT replace(core.search_query(members.workspace_id, $1, NULL)::text, '&', '|')::tsquery)))::bigint";
    let with_rank = Query::select()
        .columns(columns())
        .expr_as(Expr::cust_with_values(rank, [q.as_str()]), RANK)
        .from_subquery(matching, Entity)
        .to_owned();
    Query::select().expr(Expr::cust("*")).from_subquery(with_rank, Entity).to_owned()
}

fn ordered(mut select: SelectStatement, page: &Page) -> SelectStatement {
    let order = if page.sort.descending { Order::Desc } else { Order::Asc };
    // The other columns hold no NULL; saying where it goes would keep Postgres from reading their indexes backwards.
    match page.sort.key {
        SortKey::DueDate => {
            select.order_by_expr_with_nulls(column(SortKey::DueDate), order.clone(), NullOrdering::Last)
        }
        key => select.order_by_expr(column(key), order.clone()),
    };
    select.order_by((Entity, Column::Id), order).to_owned()
}

/// What comes after `position`, among the tasks that have a value if it has one, else among those without.
fn beyond(position: Position, page: &Page) -> Condition {
    let (key, descending) = (column(page.sort.key), page.sort.descending);
    let Some(value) = position.value.map(|value| sort_value(page.sort.key, value)) else {
        let id = if descending { Column::Id.lt(position.id) } else { Column::Id.gt(position.id) };
        return Condition::all().add(key.is_null()).add(id);
    };
    // Compared as rows, so that an index is read from the position on, not from its start.
    let row = Expr::tuple([key, Expr::col((Entity, Column::Id))]);
    let here = Expr::tuple([value, Expr::value(position.id)]);
    Condition::all().add(if descending { row.lt(here) } else { row.gt(here) })
}

fn column(key: SortKey) -> SimpleExpr {
    match key {
        SortKey::CreatedAt => Expr::col((Entity, Column::CreatedAt)),
        SortKey::UpdatedAt => Expr::col((Entity, Column::UpdatedAt)),
        SortKey::DueDate => Expr::col((Entity, Column::DueDate)),
        SortKey::Priority => Expr::col((Entity, Column::Priority)),
        SortKey::Relevance => Expr::col((Entity, RANK)),
    }
}

fn sort_value(key: SortKey, value: i64) -> SimpleExpr {
    match key {
        SortKey::Priority | SortKey::Relevance => Expr::value(value),
        SortKey::CreatedAt | SortKey::UpdatedAt | SortKey::DueDate => {
            Expr::value(DateTime::from_timestamp_micros(value).unwrap_or_default())
        }
    }
}
