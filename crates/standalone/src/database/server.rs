//! The private server in the data directory.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use platform::config::Reader;
use platform::database::Pool;
use postgres::{BINARIES_VARIABLE, Builder, Error, Server};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::time::{Instant, sleep, timeout};

use super::address::Address;
use super::{connect, refusal};
use crate::data_directory::DataDirectory;

/// How long the server of a system that was killed may take to end before this one gives up on the data.
const PREDECESSOR: Duration = Duration::from_secs(15);

/// How long is waited for the server at the end; it ends all the same when that was too short.
const STOP: Duration = Duration::from_secs(2);

/// Between two attempts to start one again.
const RETRY: Duration = Duration::from_millis(200);

/// How often it is looked whether the server still runs.
const WATCH: Duration = Duration::from_secs(1);

/// How long the processes of a server that was killed may take to end before the next one gives up on the data.
const KILLED: Duration = Duration::from_secs(15);

/// A server that ends with this process.
#[derive(Debug)]
pub(super) struct Private {
    server: Server,
    /// How it is started again.
    builder: Builder,
}

impl Private {
    /// Starts the server on `postgres` in the data directory.
    pub(super) async fn start(
        reader: &Reader<'_>,
        settings: &[(String, String)],
        data: &DataDirectory,
    ) -> anyhow::Result<Self> {
        let binaries = reader.optional(BINARIES_VARIABLE).map(PathBuf::from);
        let deadline = Instant::now() + PREDECESSOR;
        let builder = Server::builder(data.join("postgres")).binaries(binaries).settings(settings.iter().cloned());
        loop {
            match builder.clone().start().await {
                Ok(server) => return Ok(Self { server, builder }),
                // The directory is ours, so this server's system is gone and it is about to end.
                Err(Error::AlreadyRunning { .. }) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the server ends by itself.
    pub(super) async fn ended(&mut self) {
        while !self.server.has_ended() {
            sleep(WATCH).await;
        }
    }

    /// Starts a server that has ended again, where it was.
    ///
    /// # Errors
    /// Why it does not start.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + KILLED;
        loop {
            match self.builder.clone().port(self.server.port()).start().await {
                Ok(server) => {
                    self.server = server;
                    return Ok(());
                }
                // What was killed leaves processes that hold on to the data until they notice.
                Err(error) if Instant::now() < deadline => {
                    tracing::debug!(%error, "PostgreSQL does not start yet");
                    sleep(RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the server ends by itself, and says so.
    pub(super) async fn failure(&mut self) -> anyhow::Error {
        self.ended().await;
        anyhow!("the private PostgreSQL has ended; its log, beside the data, says why: start again")
    }

    /// The address of a database as the superuser.
    pub(super) fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// Creates the database if it is not there.
    pub(super) async fn create_database(&self, name: &str) -> anyhow::Result<()> {
        let admin = connect(&Address::parse("the private server", &self.url("postgres"))?).await?;
        let created = create(&admin, name).await;
        admin.close().await;
        created
    }

    pub(super) async fn stop(self) {
        match timeout(STOP, self.server.stop()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "PostgreSQL did not stop"),
            Err(_) => tracing::warn!("PostgreSQL is still writing what is in memory; it stops by itself"),
        }
    }
}

async fn create(admin: &Pool, name: &str) -> anyhow::Result<()> {
    let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
    if admin.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into()])).await?.is_some() {
        return Ok(());
    }
    let created = admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
    created.map(drop).map_err(|error| match refusal::said(&error) {
        (Some(code), said) if code == refusal::DISK_FULL => {
            anyhow!("the disk of the database is full ({said}): free some space and start again")
        }
        (_, said) => anyhow!("database {name} cannot be created: {said}"),
    })
}
