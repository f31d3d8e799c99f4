//! Who may see what: one predicate, used by every finder.

use sea_orm::sea_query::{
    Asterisk, BinOper, Expr, ExprTrait, Iden, IntoColumnRef, JoinType, Query, SelectStatement, SimpleExpr,
};

/// Rows whose workspace (in `column`) the user is a member of.
pub fn visible_to(user_id: &str, column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).in_subquery(workspaces_of(user_id))
}

/// By which index rows of a workspace are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// One that begins with the workspace.
    Workspace,
    /// Another, which `matching` asks for. The comparison of workspaces is written so that no index can serve it: the planner cannot
    /// know how many rows a word matches, and would read a whole workspace when it guesses wrong.
    Words,
}

/// A page of what `matching` selects: `page` of it for each workspace (in `column`) that the user is a member of. Each takes the
/// first rows from its index, where one question for all of them would have to sort every row. Its table goes by its name outside
/// too, and `matching` can name the workspace as `members.workspace_id`.
pub fn in_each_workspace_of<T: Iden + Copy + 'static, C: Iden + 'static>(
    user_id: &str,
    mut matching: SelectStatement,
    (table, column): (T, C),
    found_by: FoundBy,
    page: impl FnOnce(SelectStatement) -> SelectStatement,
) -> SelectStatement {
    let same = match found_by {
        FoundBy::Workspace => BinOper::Equal,
        FoundBy::Words => BinOper::Custom("IS NOT DISTINCT FROM"),
    };
    matching.and_where(Expr::col((table, column)).binary(same, Expr::col(("members", "workspace_id"))));
    Query::select()
        .column((table, Asterisk))
        .from(("core", "members"))
        .join_lateral(JoinType::InnerJoin, page(matching), table, Expr::val(true))
        .and_where(Expr::col(("members", "user_id")).eq(user_id))
        .to_owned()
}

fn workspaces_of(user_id: &str) -> SelectStatement {
    Query::select()
        .column("workspace_id")
        .from(("core", "members"))
        .and_where(Expr::col("user_id").eq(user_id))
        .to_owned()
}
