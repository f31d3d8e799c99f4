//! What is recorded stays as it is.

use platform::database::Pool;
use sea_orm::ConnectionTrait as _;

use crate::fact::{body, created};
use crate::service::Service;

const CHANGES: [&str; 5] = [
    "UPDATE audit.entries SET user_id = 'mallory'",
    "UPDATE audit.entries SET user_id = 'mallory' WHERE false",
    "DELETE FROM audit.entries",
    "TRUNCATE audit.entries",
    "INSERT INTO audit.entries SELECT * FROM audit.entries ON CONFLICT (event_id) DO UPDATE SET user_id = 'mallory'",
];

async fn refusal(db: &Pool, change: &str) -> String {
    db.execute_unprepared(change).await.expect_err(change).to_string()
}

#[tokio::test]
async fn not_even_the_owner_changes_the_history() {
    let service = Service::start().await;
    service.deliver("task-events", body(&created(1))).await;
    let owner = service.database.connect_as_owner().await;
    for change in CHANGES {
        let refusal = refusal(&owner, change).await;
        assert!(refusal.contains("the audit trail is append-only"), "{change}: {refusal}");
    }
    let replica = "SET LOCAL session_replication_role = replica; DELETE FROM audit.entries";
    let refusal = refusal(&owner, replica).await;
    assert!(refusal.contains("DELETE of audit.entries is refused"), "{refusal}");
    assert_eq!(service.entries().await, 1);
}

#[tokio::test]
async fn dead_letters_and_their_replays_stay_as_they_are() {
    let service = Service::start().await;
    service.deliver("task-events.dead", "poison").await;
    let (owner, role) = (service.database.connect_as_owner().await, service.database.connect().await);
    for table in ["audit.dead_letters", "audit.dead_letter_replays"] {
        // The letters are referred to, so that they cannot be truncated alone.
        let truncate = format!("TRUNCATE {table} CASCADE");
        for change in [format!("UPDATE {table} SET event_id = NULL"), format!("DELETE FROM {table}"), truncate] {
            let refused = refusal(&owner, &change).await;
            assert!(refused.contains("the audit trail is append-only"), "{change}: {refused}");
            let refused = refusal(&role, &change).await;
            assert!(refused.contains("permission denied"), "{change}: {refused}");
        }
    }
}

#[tokio::test]
async fn the_service_itself_may_not_even_try() {
    let service = Service::start().await;
    service.deliver("task-events", body(&created(1))).await;
    let role = service.database.connect().await;
    for change in CHANGES.into_iter().chain([
        "ALTER TABLE audit.entries DISABLE TRIGGER ALL",
        "DROP TABLE audit.entries",
        "CREATE TABLE audit.other ()",
    ]) {
        let refusal = refusal(&role, change).await;
        assert!(refusal.contains("permission denied") || refusal.contains("must be owner"), "{change}: {refusal}");
    }
    assert_eq!(service.entries().await, 1);
}
