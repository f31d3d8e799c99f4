//! A long list is read from its index, in whatever order it is asked for.

use backend_api::domain::listing::{Filter, Page, Position, Sort};
use backend_api::store::tasks::page_statement;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement, TransactionTrait as _};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::Api;

/// 5,000 tasks of Alice, every 5th without a due date, beside as many of 50 others.
const LONG_LIST: &str = "\
    INSERT INTO core.workspaces (id, kind, name, created_at) \
    SELECT uuidv, 'shared', 'Others', now() FROM (SELECT gen_random_uuid() AS uuidv FROM generate_series(1, 50)) AS made; \
    INSERT INTO core.tasks (id, workspace_id, user_id, reporter, title, description, status, priority, tags, due_date, \
                            timezone, reminders, version, created_at, updated_at) \
    SELECT gen_random_uuid(), place.id, 'alice', 'alice', 'Task', '', 'todo', n % 5, '{}', \
           CASE WHEN n % 5 > 0 THEN '2026-02-01'::timestamptz + n * interval '1 minute' END, 'UTC', '[]', 1, \
           '2026-01-01'::timestamptz + n * interval '1 minute', '2026-01-01'::timestamptz + n * interval '1 minute' \
    FROM core.workspaces AS place, generate_series(1, CASE place.kind WHEN 'personal' THEN 5000 ELSE 100 END) AS n; \
    ANALYZE core.tasks; ANALYZE core.members; ANALYZE core.workspaces";

/// Every node of a plan.
fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten();
    [plan].into_iter().chain(below.flat_map(nodes)).collect()
}

/// How a page is read when sorting costs more than anything else: whether it can be read in order, not which way the planner
/// happens to guess from a sample of the rows.
async fn plan(db: &DatabaseConnection, page: &Page) -> Value {
    let asked = page_statement("alice", &Filter::default(), page);
    let explain = Statement { sql: format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", asked.sql), ..asked };
    let transaction = db.begin().await.unwrap();
    let dear = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; \
                SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off";
    transaction.execute_unprepared(dear).await.unwrap();
    let plan: Value = transaction.query_one_raw(explain).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    transaction.rollback().await.unwrap();
    plan[0]["Plan"].clone()
}

#[tokio::test]
async fn each_order_reads_its_index_and_sorts_no_more_than_a_page() {
    let api = Api::start().await;
    let alice = api.person("alice");
    alice.client.get(&alice.tasks()).await.expect(200);
    api.owner().await.execute_unprepared(LONG_LIST).await.unwrap();
    let db = api.database.connect().await;
    for (sort, index) in [
        ("created_at", "tasks_by_creation"),
        ("-created_at", "tasks_by_creation"),
        ("updated_at", "tasks_by_update"),
        ("-updated_at", "tasks_by_update"),
        ("due_date", "tasks_by_due_date"),
        ("-due_date", "tasks_by_due_date_backwards"),
        ("priority", "tasks_by_priority"),
        ("-priority", "tasks_by_priority"),
    ] {
        // Somewhere in the middle: 2026-01-02T12:00:00Z, 2026-02-02T12:00:00Z, medium.
        let value = match sort.trim_start_matches('-') {
            "priority" => 2,
            "due_date" => 1_770_033_600_000_000,
            _ => 1_767_355_200_000_000,
        };
        let middle = Some(Position { value: Some(value), id: Uuid::nil() });
        let page = |after| Page { sort: Sort::parse(sort).unwrap(), after, limit: 50 };
        for page in [Some(page(None)), Some(page(middle)), page(middle).undated()].into_iter().flatten() {
            let plan = plan(&db, &page).await;
            let nodes = nodes(&plan);
            let read: Vec<_> = nodes.iter().filter(|node| node["Relation Name"] == "tasks").collect();
            assert!(read.len() == 1 && read[0]["Index Name"] == index, "{page:?}: {plan:#}");
            for sorted in nodes.iter().filter(|node| node["Node Type"].as_str().unwrap().contains("Sort")) {
                let rows = sorted["Plans"][0]["Actual Rows"].as_f64().unwrap();
                assert!(rows <= 51.0, "{page:?} sorts {rows} rows: {plan:#}");
            }
        }
    }
}
