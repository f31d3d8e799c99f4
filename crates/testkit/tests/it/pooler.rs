//! PgBouncer in transaction mode before the server, without named statements across it.

use futures::future::join_all;
use platform::database::{Pool, PoolOptions, Statements, begin, begin_as_system, begin_snapshot, connect};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testkit::Database;

/// More connections than PgBouncer has to the server; nothing where it is not installed.
async fn pooled(database: &Database) -> Option<Pool> {
    let url = database.pooled(&database.owner_url()).await?;
    let options = PoolOptions { statements: Statements::Unnamed, ..PoolOptions::default() };
    Some(connect(&url, &options).await.unwrap())
}

async fn sum(db: &impl ConnectionTrait, a: i32, b: i32) -> i32 {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT $1::int + $2", [a.into(), b.into()]);
    db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn caller(db: &impl ConnectionTrait) -> String {
    let sql = "SELECT coalesce(current_setting('tidings.user_id', true), '') || current_setting('tidings.scope', true)";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default()
}

#[tokio::test]
async fn every_statement_gets_its_own_answer() {
    let database = Database::create_with(&[]).await;
    let Some(db) = pooled(&database).await else { return };
    let one = async |n: i32| {
        for turn in 0..20 {
            assert_eq!(sum(&db, n, turn).await, n + turn);
            let transaction = begin(&db).await.unwrap();
            assert_eq!((sum(&transaction, n, 1).await, sum(&transaction, n, 2).await), (n + 1, n + 2));
            transaction.commit().await.unwrap();
            let wrong = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT 1 / $1::int", [0.into()]);
            assert!(db.query_all_raw(wrong).await.unwrap_err().to_string().contains("division by zero"));
        }
    };
    join_all((0..16).map(one)).await;
}

#[tokio::test]
async fn a_statement_by_itself_is_kept() {
    let database = Database::create_with(&[]).await;
    let Some(db) = pooled(&database).await else { return };
    db.execute_unprepared("CREATE TABLE kept (number int)").await.unwrap();
    let insert =
        |n: i32| Statement::from_sql_and_values(DbBackend::Postgres, "INSERT INTO kept VALUES ($1)", [n.into()]);
    for done in join_all((0..50).map(|n| db.execute_raw(insert(n)))).await {
        assert_eq!(done.unwrap().rows_affected(), 1);
    }
    let returning = Statement::from_string(DbBackend::Postgres, "INSERT INTO kept VALUES (50) RETURNING number");
    assert_eq!(db.query_all_raw(returning).await.unwrap().len(), 1);
    let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM kept");
    let direct = database.connect_as_owner().await;
    let kept: i64 = direct.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!(kept, 51);
}

#[tokio::test]
async fn nobody_acts_as_the_caller_before_them() {
    let database = Database::create_with(&[]).await;
    let Some(db) = pooled(&database).await else { return };
    let one = async |n: usize| {
        for _ in 0..10 {
            let system = begin_as_system(&db).await.unwrap();
            assert_eq!(caller(&system).await, "system");
            if n.is_multiple_of(2) {
                system.commit().await.unwrap();
            } else {
                drop(system);
            }
            let other = begin_snapshot(&db).await.unwrap();
            assert_eq!(caller(&other).await, "");
            other.rollback().await.unwrap();
            assert_eq!(caller(&db).await, "");
        }
    };
    join_all((0..8).map(one)).await;
}
