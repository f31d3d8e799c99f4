//! `TEST_DATABASE_URL`: a server that other test processes use as well.

use std::process::Command;
use std::time::Duration;

use platform::database::{Pool, PoolOptions, connect};
use postgres::Server;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testkit::eventually;

/// Runs another test of this binary in a process of its own.
fn run_a_test(url: &str) {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "database::the_service_has_exactly_its_privileges"]).env("TEST_DATABASE_URL", url);
    let output = test.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

async fn names(server: &Pool, sql: &str) -> Vec<String> {
    let rows = server.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

const LEFT: &str = "SELECT datname::text FROM pg_database WHERE datname LIKE 'tidings_test_%' \
                    UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'tidings_test_%'";
const LIVE: &str = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'tidings_test_%'";

#[tokio::test]
async fn what_a_process_leaves_is_removed_by_the_next() {
    let server = Server::throw_away().start().await.unwrap();
    let url = server.url("postgres");
    let db = connect(&url, &PoolOptions::default()).await.unwrap();
    run_a_test(&url);
    let left = names(&db, LEFT).await;
    assert!(!left.is_empty(), "the template and its role outlive the process");
    let gone = || async { names(&db, LIVE).await.is_empty().then_some(()) };
    eventually(Duration::from_secs(30), gone).await;
    run_a_test(&url);
    let now = names(&db, LEFT).await;
    assert!(!now.iter().any(|name| left.contains(name)), "{left:?}, then {now:?}");
    server.stop().await.unwrap();
}
