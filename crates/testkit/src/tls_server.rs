//! A Postgres server that encrypts, with a certificate made for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::database::{Pool, PoolOptions, connect};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::{eventually, skipped};

/// Run by the server, in its own directory: a certificate for 127.0.0.1 that vouches for itself.
const CERTIFY: &str = r#"COPY (SELECT) TO PROGRAM '
    umask 077
    printf "[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n" > tls.cnf
    openssl req -x509 -config tls.cnf -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout server.key -out server.crt 2> tls.log'"#;

/// A server of its own, with the superuser's address of it.
#[derive(Debug)]
pub struct TlsServer {
    server: postgres::Server,
    certificate: PathBuf,
}

impl TlsServer {
    /// Starts one; nothing, and a word about it, where openssl is not installed.
    pub async fn start() -> Option<Self> {
        let server = postgres::Server::throw_away().start().await.unwrap_or_else(|error| panic!("{error}"));
        let url = server.url("postgres");
        let admin = connect(&url, &PoolOptions::of_administrator()).await.expect("connect to the server");
        if let Err(error) = admin.execute_unprepared(CERTIFY).await {
            skipped(&format!("openssl made no certificate ({error})"));
            return None;
        }
        let certificate = std::env::temp_dir().join(format!("tidings-test-{}.crt", server.pid()));
        std::fs::write(&certificate, first(&admin, "SELECT pg_read_file('server.crt')").await).expect("write a file");
        admin.execute_unprepared("ALTER SYSTEM SET ssl = on").await.expect("the certificate is one");
        admin.execute_unprepared("SELECT pg_reload_conf()").await.expect("take the certificate");
        let encrypted = format!("{url}?sslmode=require");
        eventually(Duration::from_secs(30), || async { connect(&encrypted, &PoolOptions::default()).await.ok() }).await;
        Some(Self { server, certificate })
    }

    /// The superuser's address of `database`.
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// A file with the certificate.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

async fn first(db: &Pool, sql: &str) -> String {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("ask").expect("a row");
    row.try_get_by_index(0).expect("a text")
}
