//! Transactions that nobody waits for any more.

use std::pin::pin;

use futures::poll;
use platform::database::{Pool, PoolOptions, begin, begin_as_system, begin_snapshot, connect};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use testkit::Database;
use tokio::task::yield_now;

/// A pool of one connection, so that whoever comes next gets the same one.
async fn pool_of_one(database: &Database) -> Pool {
    let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
    connect(&database.owner_url(), &options).await.unwrap()
}

/// Breaks `work` off after so many steps, unless it is done by then.
async fn break_off<T>(work: impl Future<Output = T>, steps: u32) {
    let mut work = pin!(work);
    for _ in 0..steps {
        if poll!(&mut work).is_ready() {
            return;
        }
        yield_now().await;
    }
}

#[tokio::test]
async fn a_beginning_that_is_broken_off_leaves_no_transaction_to_whoever_comes_next() {
    let database = Database::create_with(&[]).await;
    let db = pool_of_one(&database).await;
    db.execute_unprepared("CREATE TABLE kept (number int)").await.unwrap();
    for steps in 0..100 {
        break_off(begin(&db), steps).await;
        db.execute_unprepared("INSERT INTO kept VALUES (1)").await.unwrap();
        break_off(begin_snapshot(&db), steps).await;
        db.execute_unprepared("INSERT INTO kept VALUES (2)").await.unwrap();
        break_off(begin_as_system(&db), steps).await;
        db.execute_unprepared("INSERT INTO kept VALUES (3)").await.unwrap();
    }
    let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM kept");
    let kept = pool_of_one(&database).await.query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(kept.try_get_by_index::<i64>(0).unwrap(), 300, "what was acknowledged is there");
}
