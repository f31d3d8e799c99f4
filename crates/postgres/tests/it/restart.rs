use std::fs;
use std::os::unix::fs::PermissionsExt;

use postgres::Server;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::directory::Directory;
use crate::{is_listening, wait_until};

async fn text(url: &str, sql: &str) -> String {
    let db = Database::connect(url).await.unwrap();
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn data_outlives_a_restart() {
    let directory = Directory::new();
    let server = directory.server().start().await.unwrap();
    let db = Database::connect(server.url("postgres")).await.unwrap();
    db.execute_unprepared("CREATE TABLE kept AS SELECT 'still here' AS text").await.unwrap();
    let port = server.port();
    server.stop().await.unwrap();
    assert!(!is_listening(port), "a stopped server has let go of its port");

    let server = directory.server().start().await.unwrap();
    assert_eq!(text(&server.url("postgres"), "SELECT text FROM kept").await, "still here");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_private() {
    let directory = Directory::new();
    let server = directory.server().start().await.unwrap();
    let url = server.url("postgres");
    assert_eq!(text(&url, "SHOW listen_addresses").await, "127.0.0.1");
    assert_eq!(text(&url, "SHOW unix_socket_directories").await, "");
    assert_eq!(text(&url, "SHOW server_encoding").await, "UTF8");
    let mode = |name| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("postgres.password"), mode("postgres.log"), mode("postgres")), (0o600, 0o600, 0o700));

    let guessed = format!("postgres://postgres:guess@127.0.0.1:{}/postgres", server.port());
    let error = Database::connect(guessed).await.unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn settings_reach_the_server_and_letters_beyond_ascii_have_a_case() {
    let server = Server::throw_away().settings([("max_connections", "42")]).start().await.unwrap();
    let url = server.url("postgres");
    assert_eq!(text(&url, "SHOW max_connections").await, "42");
    assert_eq!(text(&url, "SHOW fsync").await, "off");
    if cfg!(target_os = "linux") {
        assert_eq!(text(&url, "SELECT lower('ÄÉЖ')").await, "äéж");
    }
}

#[tokio::test]
async fn a_throw_away_server_leaves_nothing() {
    let server = Server::throw_away().start().await.unwrap();
    let data = std::path::PathBuf::from(text(&server.url("postgres"), "SHOW data_directory").await);
    let directory = data.parent().unwrap();
    assert!(directory.exists());
    let port = server.port();
    drop(server);
    wait_until("its directory is gone", || !directory.exists());
    assert!(!is_listening(port));
}
