use platform::database::{Pool, Schema, SqlMigration};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use testkit::{Database, Migrated};

const DIARY: Schema = Schema { name: "diary", privileges: "SELECT, INSERT" };
const LETTERS: Schema = Schema { name: "letters", privileges: "SELECT, INSERT, UPDATE, DELETE" };

struct Diary;
impl MigratorTrait for Diary {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(SqlMigration {
            name: "0001_entries",
            sql: "CREATE TABLE diary.entries (id bigserial, text text)",
        })]
    }
}

struct Letters;
impl MigratorTrait for Letters {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(SqlMigration { name: "0001_letters", sql: "CREATE TABLE letters.letters (id int)" })]
    }
}

const WRITE: &str = "INSERT INTO diary.entries (text) VALUES ('today')";

async fn count(db: &Pool) -> i64 {
    let sql = "SELECT count(*) AS count FROM diary.entries";
    let row = db.query_one_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await.unwrap();
    row.unwrap().try_get("", "count").unwrap()
}

#[tokio::test]
async fn each_test_has_its_own_rows() {
    let (one, other) = tokio::join!(Database::create::<Diary>(DIARY), Database::create::<Diary>(DIARY));
    let (one, other) = (one.connect().await, other.connect().await);
    one.execute_unprepared(WRITE).await.unwrap();
    assert_eq!((count(&one).await, count(&other).await), (1, 0));
}

#[tokio::test]
async fn the_service_has_exactly_its_privileges() {
    let database = Database::create::<Diary>(DIARY).await;
    let db = database.connect().await;
    db.execute_unprepared(WRITE).await.unwrap();
    for refused in ["UPDATE diary.entries SET text = ''", "DELETE FROM diary.entries", "DROP TABLE diary.entries"] {
        let error = db.execute_unprepared(refused).await.expect_err(refused).to_string();
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{refused}: {error}");
    }
    database.connect_as_owner().await.execute_unprepared("DELETE FROM diary.entries").await.unwrap();
}

#[tokio::test]
async fn services_in_one_database_cannot_read_each_other() {
    let database = Database::create_with(&[Migrated::by::<Diary>(DIARY), Migrated::by::<Letters>(LETTERS)]).await;
    let options = testkit::pool_options();
    let letters = platform::database::connect(&database.url_of("letters"), &options).await.unwrap();
    letters.execute_unprepared("INSERT INTO letters.letters VALUES (1)").await.unwrap();
    let error = letters.execute_unprepared("SELECT FROM diary.entries").await.unwrap_err().to_string();
    assert!(error.contains("permission denied for schema diary"), "{error}");
    assert_eq!(count(&database.connect().await).await, 0);
}
