use platform::page::Position;
use testkit::{Database, explain};

use super::*;
use crate::domain::criteria::Limit;
use crate::{Migrator, SCHEMA};

const WORKSPACE: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00aa);
const TASK: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00bb);

/// 20,000 entries of one workspace: every 1,000th by Bob, of a task of its own and of a rare type.
const LONG_HISTORY: &str = "INSERT INTO audit.entries \
    SELECT gen_random_uuid(), CASE n % 1000 WHEN 0 THEN 'task.archived' ELSE 'task.updated' END, \
           CASE n % 1000 WHEN 0 THEN 'bob' ELSE 'alice' END, '01920000-0000-7000-8000-0000000000aa', \
           CASE n % 1000 WHEN 0 THEN '01920000-0000-7000-8000-0000000000bb'::uuid ELSE gen_random_uuid() END, n, \
           '2026-01-01'::timestamptz + n * interval '1 minute', '{}', now() \
    FROM generate_series(1, 20000) AS n; ANALYZE audit.entries";

#[tokio::test]
async fn each_index_serves_a_query_and_no_query_reads_the_whole_table() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    database.connect_as_owner().await.execute_unprepared(LONG_HISTORY).await.unwrap();
    let db = database.connect().await;
    let all = Criteria {
        workspace_ids: [WORKSPACE].into(),
        user_id: None,
        task_id: None,
        event_type: None,
        from: None,
        to: None,
        after: None,
        limit: Limit::default(),
    };
    let at = "2026-01-08T00:00:00Z".parse().unwrap();
    let queries = [
        ("workspace", all.clone()),
        ("workspace", Criteria { from: Some(at), ..all.clone() }),
        ("workspace", Criteria { after: Some(Position { at, id: TASK }), ..all.clone() }),
        ("user", Criteria { user_id: Some("bob".to_owned()), ..all.clone() }),
        ("task", Criteria { task_id: Some(TASK), ..all.clone() }),
        ("type", Criteria { event_type: Some("task.archived".to_owned()), ..all }),
    ];
    for (index, criteria) in queries {
        let plan = explain(&db, query(&criteria), "").await;
        assert!(plan.contains(&format!("using entries_by_{index} on")), "{criteria:?}: {plan}");
        assert!(!plan.contains("Seq Scan"), "{criteria:?}: {plan}");
    }
    let plan = explain(&db, newest_of_task(&[WORKSPACE].into(), TASK), "").await;
    assert!(plan.contains("using entries_by_task on") && !plan.contains("Seq Scan"), "{plan}");
}
