//! `sslmode`: encryption with rustls.

use platform::database::{PoolOptions, connect};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use testkit::{Database, TlsServer};

/// Whether the connection that `url` makes is encrypted, or why there is none.
async fn is_encrypted(url: &str) -> Result<bool, String> {
    let db = connect(url, &PoolOptions::default()).await.map_err(|error| error.to_string())?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    Ok(row.try_get_by_index(0).unwrap())
}

#[tokio::test]
async fn a_server_is_believed_as_sslmode_says() {
    let Some(server) = TlsServer::start().await else { return };
    let url = server.url("postgres");
    let known = format!("sslrootcert={}", server.certificate().display());
    for (settings, encrypted) in [
        (String::new(), true),
        ("sslmode=disable".to_owned(), false),
        ("sslmode=require".to_owned(), true),
        // As Neon writes it.
        ("sslmode=require&channel_binding=require".to_owned(), true),
        (format!("sslmode=verify-ca&{known}"), true),
        (format!("sslmode=verify-full&{known}"), true),
    ] {
        assert_eq!(is_encrypted(&format!("{url}?{settings}")).await, Ok(encrypted), "{settings}");
    }
    let elsewhere = url.replace("127.0.0.1", "localhost");
    assert_eq!(is_encrypted(&format!("{elsewhere}?sslmode=verify-ca&{known}")).await, Ok(true));
    for wrong in [format!("{elsewhere}?sslmode=verify-full&{known}"), format!("{url}?sslmode=verify-full")] {
        let told = is_encrypted(&wrong).await.unwrap_err();
        assert!(told.contains("certificate"), "{wrong}: {told}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_refused() {
    let database = Database::create_with(&[]).await;
    for mode in ["require", "verify-full"] {
        let told = is_encrypted(&format!("{}?sslmode={mode}", database.owner_url())).await.unwrap_err();
        assert!(told.contains("server does not support TLS"), "{told}");
    }
}
