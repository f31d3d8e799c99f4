//! Connections that something between forgot without a word.

use std::time::{Duration, Instant};

use futures::future::join_all;
use platform::database::{Pool, PoolOptions, begin, connect};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use testkit::{Database, Proxy, eventually};

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

async fn answer(db: &Pool) -> i32 {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT 42");
    db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// A pool that goes through `proxy`.
async fn through(proxy: &Proxy, max_connections: u32) -> Pool {
    let (acquire_timeout, answer_timeout) = (Duration::from_secs(4), Duration::from_secs(1));
    let options = PoolOptions { max_connections, acquire_timeout, answer_timeout, ..PoolOptions::default() };
    connect(proxy.url(), &options).await.unwrap()
}

/// Waits until the pool has so many connections, all unused for so long that they are asked whether they live.
async fn are_idle(database: &Database, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND state = 'idle' AND state_change < clock_timestamp() - interval '1.1 s'";
    let owner = database.connect_as_owner().await;
    eventually(DEADLINE, || async {
        let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
        (row.try_get_by_index::<i64>(0).unwrap() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn idle_connections_that_were_forgotten_are_replaced_in_the_time_of_one() {
    let database = Database::create_with(&[]).await;
    let proxy = Proxy::to(&database.owner_url()).await;
    let db = through(&proxy, 6).await;
    let held = join_all((0..6).map(|_| begin(&db))).await;
    drop(held);
    are_idle(&database, 6).await;
    proxy.forget();
    let begun = Instant::now();
    assert_eq!(answer(&db).await, 42);
    let first = begun.elapsed();
    // Half of the time in which there must be a connection; the others are not waited for in turn.
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&first), "{first:?}");
    let begun = Instant::now();
    assert_eq!(join_all((0..6).map(|_| answer(&db))).await, [42; 6]);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_statement_whose_connection_is_forgotten_fails_in_time_and_the_next_one_gets_a_new_connection() {
    let database = Database::create_with(&[]).await;
    let proxy = Proxy::to(&database.owner_url()).await;
    let db = through(&proxy, 1).await;
    let begun = Instant::now();
    let silent = async {
        let slept = db.execute_unprepared("SELECT pg_sleep(30)").await;
        (slept.unwrap_err().to_string(), begun.elapsed())
    };
    let ((told, after), ()) = tokio::join!(silent, async { proxy.forget() });
    assert!(told.contains("did not answer within 1s"), "{told}");
    assert!(after < Duration::from_secs(3), "{after:?}");
    assert_eq!(answer(&db).await, 42);
}

#[tokio::test]
async fn a_connection_that_is_forgotten_while_it_is_handed_back_keeps_no_place() {
    let database = Database::create_with(&[]).await;
    let proxy = Proxy::to(&database.owner_url()).await;
    let db = through(&proxy, 1).await;
    let transaction = begin(&db).await.unwrap();
    proxy.forget();
    // What is queued is a ROLLBACK, which nobody answers.
    drop(transaction);
    assert_eq!(answer(&db).await, 42);
    // And here there is nothing to roll back.
    let asked = tokio::time::timeout(Duration::from_millis(100), db.execute_unprepared("SELECT pg_sleep(30)")).await;
    assert!(asked.is_err());
    proxy.forget();
    assert_eq!(answer(&db).await, 42);
}

#[tokio::test]
async fn connections_that_the_server_ended_while_they_were_idle_are_replaced_unseen() {
    let database = Database::create_with(&[]).await;
    let db = connect(&database.owner_url(), &PoolOptions::default()).await.unwrap();
    drop(join_all((0..6).map(|_| begin(&db))).await);
    are_idle(&database, 6).await;
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.connect_as_owner().await.execute_unprepared(sql).await.unwrap();
    assert_eq!(join_all((0..6).map(|_| answer(&db))).await, [42; 6]);
}

#[tokio::test]
async fn what_a_forgotten_transaction_locked_is_free_again() {
    let database = Database::create_with(&[]).await;
    let proxy = Proxy::to(&database.owner_url()).await;
    let options = PoolOptions { idle_transaction: Duration::from_secs(1), ..PoolOptions::default() };
    let db = connect(proxy.url(), &options).await.unwrap();
    let transaction = begin(&db).await.unwrap();
    transaction.execute_unprepared("SELECT pg_advisory_xact_lock(7)").await.unwrap();
    proxy.forget();
    let other = database.connect_as_owner().await;
    eventually(DEADLINE, || async {
        let statement = Statement::from_string(DbBackend::Postgres, "SELECT pg_try_advisory_xact_lock(7)");
        let row = other.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<bool>(0).unwrap().then_some(())
    })
    .await;
    drop(transaction);
}
