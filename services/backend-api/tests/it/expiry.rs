//! What has served its time is removed, and nothing else.

use backend_api::actions::forget_expired::forget_expired;
use backend_api::store::change::Changes;
use backend_api::{Migrator, SCHEMA};
use platform::outbox::Wake;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use testkit::Database;

/// Of everything one that is over at 2026-01-31T09:00:00Z, to the microsecond, and one that is not.
const KEPT: &str = "\
    INSERT INTO core.workspaces (id, kind, name, created_at) VALUES (gen_random_uuid(), 'personal', 'Personal', now()); \
    INSERT INTO core.users (id, issuer, first_name, last_name, timezone, workspace_id, created_at, updated_at) \
    SELECT 'alice', 'built-in', '', '', 'UTC', id, now(), now() FROM core.workspaces; \
    INSERT INTO core.ws_tickets (id, user_id, token_expires_at, expires_at) \
    SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'alice', 'infinity', '2026-01-31T09:00:00Z'::timestamptz + n * interval '1 microsecond' \
    FROM generate_series(0, 1) AS n; \
    INSERT INTO core.refresh_tokens (id, family_id, user_id, created_at, expires_at) \
    SELECT id, id, user_id, '2026-01-01', expires_at FROM core.ws_tickets; \
    INSERT INTO core.idempotency_keys (scope, key, fingerprint, response, created_at) \
    SELECT 'alice', id::text, '', '{}', expires_at - interval '24 hours' FROM core.ws_tickets; \
    INSERT INTO core.idempotency_keys (scope, key, fingerprint, response, created_at) \
    SELECT 'bob', n::text, '', '{}', '2026-01-01' FROM generate_series(1, 2500) AS n";

#[tokio::test]
async fn what_is_over_is_removed_and_the_rest_stays() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let owner = database.connect_as_owner().await;
    owner.execute_unprepared(KEPT).await.unwrap();
    let changes = Changes { db: database.connect().await, clock: testkit::clock(), wake: Wake::default() };
    for _ in 0..2 {
        forget_expired(&changes).await.unwrap();
        let sql = "SELECT array_agg(kept || id ORDER BY kept) FROM (\
                   SELECT 'ticket ' AS kept, id::text FROM core.ws_tickets \
                   UNION ALL SELECT 'refresh ', id::text FROM core.refresh_tokens \
                   UNION ALL SELECT 'answer ', key FROM core.idempotency_keys) AS rest";
        let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
        let rest: Vec<String> = row.try_get_by_index(0).unwrap();
        let second = "00000000-0000-0000-0000-000000000001";
        assert_eq!(rest, ["answer ", "refresh ", "ticket "].map(|kept| format!("{kept}{second}")));
    }
}
