//! Who may see what: one predicate, used by every finder.

use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait, Iden, IntoColumnRef, JoinType, Query, SelectStatement, SimpleExpr,
};

/// Rows whose workspace (in `column`) the user is a member of.
pub fn visible_to(user_id: &str, column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).in_subquery(workspaces_of(user_id))
}

/// What `first` selects, carried out for each workspace (in `column`) that the user is a member of: each takes the first rows
/// from its index, where one question for all of them would have to sort every row. Its table goes by its name outside too.
pub fn in_each_workspace_of<T: Iden + Copy + 'static, C: Iden + 'static>(
    user_id: &str,
    mut first: SelectStatement,
    (table, column): (T, C),
) -> SelectStatement {
    first.and_where(Expr::col((table, column)).equals(("members", "workspace_id")));
    Query::select()
        .column((table, Asterisk))
        .from(("core", "members"))
        .join_lateral(JoinType::InnerJoin, first, table, Expr::val(true))
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
