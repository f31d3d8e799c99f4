//! What row-level security owes each schema.

use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Tables of `schema` with a column for a workspace.
const TABLES: &str = "SELECT c.oid, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('workspace_id', 'organization_id') AND NOT a.attisdropped \
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname <> ALL (string_to_array($2, ','))";

async fn names(db: &Pool, sql: &str, values: [&str; 2]) -> Vec<String> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values.map(Into::into));
    let rows = db.query_all_raw(statement).await.expect("read the catalogue");
    rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}

/// Asserts that every table of `schema` that has a workspace is under forced row-level security with a policy, that `service`
/// is the connection of a role that cannot get around it, and that without a caller it sees no row of any of them. Tables of
/// which the workspace is only told, not the owner, are `exempt`.
///
/// # Panics
/// When it is not so.
pub async fn assert_tenants_are_kept_apart(service: &Pool, schema: &str, exempt: &[&str]) {
    let exempt = exempt.join(",");
    let among = [schema, &exempt];
    let tables = names(service, TABLES, among).await;
    assert!(!tables.is_empty(), "no table of {schema} has a workspace");
    let open = format!(
        "SELECT name FROM ({TABLES}) AS tables JOIN pg_class c USING (oid) WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity \
         AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))"
    );
    assert_eq!(names(service, &open, among).await, [""; 0], "not under forced row-level security");
    let above = format!(
        "SELECT rolname::text AS name FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls \
         OR EXISTS (SELECT FROM ({TABLES}) AS tables JOIN pg_class c USING (oid) WHERE c.relowner = pg_roles.oid))"
    );
    assert_eq!(names(service, &above, among).await, [""; 0], "the role is above row-level security");
    for table in tables {
        let sql = format!("SELECT $1 || $2 AS name FROM {schema}.{table} LIMIT 1");
        assert_eq!(names(service, &sql, among).await, [""; 0], "{table} is seen without a caller");
    }
}
