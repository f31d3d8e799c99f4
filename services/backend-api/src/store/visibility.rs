//! Who may see what: one predicate, used by every finder.

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement, SimpleExpr};

/// Rows whose workspace (in `column`) the user is a member of.
pub fn visible_to(user_id: &str, column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).in_subquery(workspaces_of(user_id))
}

fn workspaces_of(user_id: &str) -> SelectStatement {
    Query::select()
        .column("workspace_id")
        .from(("core", "members"))
        .and_where(Expr::col("user_id").eq(user_id))
        .to_owned()
}
