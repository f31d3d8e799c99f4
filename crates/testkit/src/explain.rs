//! How Postgres goes about a statement.

use platform::database::{Pool, begin};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, TryGetable};
use serde_json::Value;

/// The plan of `asked` under `settings` (`SET LOCAL …; …`, or none), as text, without costs.
pub async fn explain(db: &Pool, asked: Statement, settings: &str) -> String {
    let lines = rows(db, "COSTS OFF", asked, settings).await;
    lines.iter().map(|line| first::<String>(line) + "\n").collect()
}

/// The same as JSON, with what was found out by carrying it out.
pub async fn explain_analyze(db: &Pool, asked: Statement, settings: &str) -> Value {
    let rows = rows(db, "ANALYZE, FORMAT JSON", asked, settings).await;
    let plan: Value = first(rows.first().expect("a plan"));
    plan[0]["Plan"].clone()
}

/// In a transaction that is rolled back, so that nothing remains of the settings or of what was carried out.
async fn rows(db: &Pool, options: &str, asked: Statement, settings: &str) -> Vec<QueryResult> {
    let explain = Statement { sql: format!("EXPLAIN ({options}) {}", asked.sql), ..asked };
    let transaction = begin(db).await.expect("begin a transaction");
    transaction.execute_unprepared(settings).await.expect("settings that Postgres knows");
    let rows = transaction.query_all_raw(explain).await.expect("a statement that Postgres understands");
    transaction.rollback().await.expect("roll the transaction back");
    rows
}

fn first<T: TryGetable>(row: &QueryResult) -> T {
    row.try_get_by_index(0).expect("a plan in the first column")
}
