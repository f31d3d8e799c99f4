//! The program itself, started as an operator starts it.

use std::process::Output;

use sea_orm::ConnectionTrait as _;
use testkit::Database;
use tokio::process::Command;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audit-service"));
    command.env_clear().kill_on_drop(true);
    command
}

async fn run(command: &mut Command) -> (bool, String) {
    let Output { status, stderr, .. } = command.output().await.unwrap();
    (status.success(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn migrate_makes_the_schema_and_may_be_repeated() {
    let database = Database::create_with(&[]).await;
    for _ in 0..2 {
        let mut migrate = program();
        migrate.arg("migrate").env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
        let (done, told) = run(migrate.env("DATABASE_URL_DIRECT", database.owner_url())).await;
        assert!(done, "{told}");
    }
    database.connect_as_owner().await.execute_unprepared("SELECT FROM audit.entries").await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_the_settings_is_told_at_once() {
    let (done, told) = run(program().env("PORT", "eighty")).await;
    assert!(!done);
    assert!(told.contains("PORT cannot be read") && told.contains("DATABASE_URL is not set"), "{told}");
}

#[tokio::test]
async fn an_unknown_command_is_told() {
    let (done, told) = run(program().arg("migrat")).await;
    assert!(!done);
    assert!(told.contains("unknown command migrat"), "{told}");
}

#[tokio::test]
async fn migrate_needs_an_address() {
    let (done, told) = run(program().arg("migrate")).await;
    assert!(!done);
    assert!(told.contains("set DATABASE_URL_DIRECT or DATABASE_URL"), "{told}");
}

#[tokio::test]
async fn a_database_that_migrate_cannot_use_is_told() {
    let (done, told) =
        run(program().arg("migrate").env("DATABASE_URL_DIRECT", "postgres://nobody@127.0.0.1:1/none")).await;
    assert!(!done);
    assert!(told.contains("the database of DATABASE_URL_DIRECT cannot be used"), "{told}");
    assert!(told.contains("Connection refused"), "{told}");
}
