//! A long history is not searched from end to end.

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::fact::WORKSPACE;
use crate::service::Service;

/// 20,000 entries of one workspace: every 1,000th by Bob, of a task of its own and of a rare type.
const LONG_HISTORY: &str = "INSERT INTO audit.entries \
    SELECT gen_random_uuid(), CASE n % 1000 WHEN 0 THEN 'task.archived' ELSE 'task.updated' END, \
           CASE n % 1000 WHEN 0 THEN 'bob' ELSE 'alice' END, '01920000-0000-7000-8000-0000000000aa', \
           CASE n % 1000 WHEN 0 THEN '01920000-0000-7000-8000-0000000000bb'::uuid ELSE gen_random_uuid() END, n, \
           '2026-01-01'::timestamptz + n * interval '1 minute', '{}', now() \
    FROM generate_series(1, 20000) AS n; ANALYZE audit.entries";

/// The indexes that were read so far, and how often the whole table was.
async fn used(owner: &DatabaseConnection) -> (BTreeSet<String>, i64) {
    let sql = "SELECT seq_scan, ARRAY(SELECT indexrelname::text FROM pg_stat_user_indexes \
               WHERE relname = 'entries' AND idx_scan > 0) AS indexes FROM pg_stat_user_tables WHERE relname = 'entries'";
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    let indexes: Vec<String> = row.try_get("", "indexes").unwrap();
    (indexes.into_iter().collect(), row.try_get("", "seq_scan").unwrap())
}

#[tokio::test]
async fn each_index_serves_a_question() {
    let service = Service::start().await;
    let owner = service.database.connect_as_owner().await;
    owner.execute_unprepared(LONG_HISTORY).await.unwrap();
    let (_, scans) = used(&owner).await;
    let ask = async {
        // Postgres writes its statistics down about once in a second, after a statement.
        loop {
            let task = WORKSPACE.to_string().replace("aa", "bb");
            let workspace = WORKSPACE.to_string();
            for (filter, value) in
                [("limit", "10"), ("user_id", "bob"), ("task_id", &task), ("event_type", "task.archived")]
            {
                let (status, page) = service.history(&[("workspace_ids", &workspace), (filter, value)]).await;
                assert_eq!(status, 200, "{page}");
                assert!(page["items"].as_array().is_some_and(|items| items.len() >= 10), "{filter}: {page}");
            }
            let (indexes, now) = used(&owner).await;
            let wanted = ["workspace", "task", "user", "type"].map(|name| format!("entries_by_{name}"));
            if wanted.iter().all(|index| indexes.contains(index)) {
                break now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let now = tokio::time::timeout(Duration::from_secs(30), ask).await.expect("each index is used");
    assert_eq!(now, scans, "the table was read from end to end");
}
