use testkit::{Database, explain};

use super::*;
use crate::domain::criteria::Limit;
use crate::domain::origin::Origin;
use crate::{Migrator, SCHEMA};

/// 20,000 letters: every second one replayed, every 1,000th of a topic of its own.
const MANY: &str = "INSERT INTO audit.dead_letters (id, topic, bytes, cause, received_at, fingerprint) \
    SELECT lpad(to_hex(n), 32, '0')::uuid, CASE n % 1000 WHEN 0 THEN 'user-activities' ELSE 'task-events' END, \
           'x', 'unknown', now(), int4send(n) FROM generate_series(1, 20000) AS n; \
    INSERT INTO audit.dead_letter_replays (id, dead_letter_id, event_id, replayed_at) \
    SELECT id, id, id, now() FROM audit.dead_letters WHERE get_byte(fingerprint, 3) % 2 = 0; \
    ANALYZE audit.dead_letters; ANALYZE audit.dead_letter_replays";

#[tokio::test]
async fn no_query_reads_all_letters() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    database.connect_as_owner().await.execute_unprepared(MANY).await.unwrap();
    let db = database.connect().await;
    let all = Selection { topic: None, status: None, after: None, limit: Limit::default() };
    let after = Some(Uuid::from_u128(10_000));
    let (dead, replayed) = (Some(Status::Dead), Some(Status::Replayed));
    for (index, selection) in [
        ("dead_letters_pkey", all),
        ("dead_letters_pkey", Selection { after, status: dead, ..all }),
        ("dead_letters_pkey", Selection { status: replayed, ..all }),
        ("dead_letters_by_topic", Selection { topic: Some(Origin::Events(events::Topic::UserActivities)), ..all }),
    ] {
        let plan = explain(&db, query(&selection, 51), "").await;
        assert!(plan.contains(&format!("using {index} on")), "{selection:?}: {plan}");
        assert!(!plan.contains("Seq Scan on dead_letters"), "{selection:?}: {plan}");
    }
    let plan = explain(&db, count_of(1_000), "").await;
    assert!(!plan.contains("Seq Scan on dead_letters"), "{plan}");
    assert_eq!(count_dead(&db, 1_000).await.unwrap(), (1_000, 500));
}
