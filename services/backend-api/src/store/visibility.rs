//! Who may see what: one predicate, used by every finder.

use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait, Func, Iden, IntoColumnRef, JoinType, Query, SelectStatement, SimpleExpr,
};

/// Rows whose workspace (in `column`) the user is a member of, for a transaction that acts as them.
pub fn visible_to(user_id: &str, column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).in_subquery(workspaces_of(Expr::value(user_id)))
}

/// The same for people whose ids are in `person`, each for themselves, for a transaction that acts as the system.
pub fn visible_to_each(person: impl IntoColumnRef, column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).in_subquery(workspaces_of(Expr::col(person)))
}

/// A page of what `matching` selects: `page` of it for each workspace (in `column`) that the user is a member of. Each takes the
/// first rows from its index, where one question for all of them would have to sort every row. Its table goes by its name outside
/// too, and `matching` can name the workspace as `members.workspace_id`.
///
/// The statement names its caller itself (see [`isolation::CALLER`](super::isolation)): the offsets keep the order in which its
/// parts are carried out.
pub fn in_each_workspace_of<T: Iden + Copy + 'static, C: Iden + 'static>(
    user_id: &str,
    mut matching: SelectStatement,
    (table, column): (T, C),
    page: impl FnOnce(SelectStatement) -> SelectStatement,
) -> SelectStatement {
    matching.and_where(in_workspace_at_hand((table, column)));
    let setting = Func::cust("set_config").arg("tidings.user_id").arg(user_id).arg(true);
    let caller = Query::select().expr_as(setting, "id").offset(0).to_owned();
    let members = workspaces_of(Expr::col(("caller", "id"))).offset(0).to_owned();
    Query::select()
        .column((table, Asterisk))
        .from_subquery(caller, "caller")
        .join_lateral(JoinType::InnerJoin, members, "members", Expr::val(true))
        .join_lateral(JoinType::InnerJoin, page(matching).offset(0).to_owned(), table, Expr::val(true))
        .to_owned()
}

/// Rows of the workspace (in `column`) that [`in_each_workspace_of`] is at.
pub fn in_workspace_at_hand(column: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(column).equals(("members", "workspace_id"))
}

fn workspaces_of(user: SimpleExpr) -> SelectStatement {
    Query::select().column("workspace_id").from(("core", "members")).and_where(Expr::col("user_id").eq(user)).to_owned()
}
