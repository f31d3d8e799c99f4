//! Postgres: connecting, and bringing a service's schema up to date.
//!
//! Everything that runs during service passes a transaction pooler: schema-qualified tables, no session state.
//! Migrations run as the owner of the tables; the service itself connects as a role that owns nothing.

use std::time::Duration;

use anyhow::Context as _;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, RuntimeErr, SqlxError, Statement, TransactionTrait,
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use tokio::time::Instant;

use crate::config::{Reader, Secret, Variables};

/// A service's own corner of the database.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its name, such as `core`.
    pub name: &'static str,
    /// What the service may do to its tables, as in `GRANT`: `SELECT, INSERT` for one that only appends.
    pub privileges: &'static str,
}

impl Schema {
    /// The role that the service connects as: `<database>_<schema>`, so that several systems can share a server.
    pub fn role(&self, database: &str) -> String {
        format!("{database}_{}", self.name)
    }
}

/// A connection that was idle for longer is asked whether it lives before it is used: its server may have been restarted or
/// have gone to sleep. Asking each time would be a round trip more for every transaction.
const IDLE: Duration = Duration::from_secs(1);

/// How many connections a pool keeps, and how long one may wait for it.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout: Duration,
    /// How long the first connection may take: at the start after a failure everybody connects at once, and a process that
    /// gave up would only come back to the same.
    pub first_connection: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { max_connections: 16, acquire_timeout: Duration::from_secs(5), first_connection: Duration::from_secs(30) }
    }
}

/// Where a service's database is and how much of it the service may use.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`: its address, as the service's own role.
    pub url: Secret,
    /// `DATABASE_POOL`: connections at most, 1 to 100; 16 unless set. `DATABASE_WAIT_SECONDS`: how long a request waits for
    /// one, 1 to 30; 5 unless set.
    pub pool: PoolOptions,
}

impl DatabaseConfig {
    /// Reads both; the address must be set.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let hint = "the address of the database, such as postgres://user:password@host/name";
        let url = Secret::new(reader.required("DATABASE_URL", hint));
        let pool = PoolOptions::default();
        let max_connections = reader.parse_or("DATABASE_POOL", pool.max_connections);
        if !(1..=100).contains(&max_connections) {
            reader.mistake("DATABASE_POOL", "must be 1 to 100 connections");
        }
        let wait = reader.parse_or("DATABASE_WAIT_SECONDS", pool.acquire_timeout.as_secs());
        if !(1..=30).contains(&wait) {
            reader.mistake("DATABASE_WAIT_SECONDS", "must be 1 to 30");
        }
        Self { url, pool: PoolOptions { max_connections, acquire_timeout: Duration::from_secs(wait), ..pool } }
    }
}

/// A pool of connections; the first one is made at once, so a wrong address is told here.
///
/// # Errors
/// When the database cannot be reached in time, or refuses the credentials.
pub async fn connect(url: &str, options: &PoolOptions) -> Result<DatabaseConnection, DbErr> {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(options.max_connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        .test_before_acquire_if_idle_for(IDLE)
        .sqlx_logging(false);
    let deadline = Instant::now() + options.first_connection;
    loop {
        match Database::connect(connect.clone()).await {
            Err(error) if has_timed_out(&error) && Instant::now() < deadline => {
                tracing::warn!(%error, "the database does not answer in time; trying again");
            }
            connected => return connected,
        }
    }
}

/// Whether there was no answer, rather than one that says no.
fn has_timed_out(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => matches!(**cause, SqlxError::PoolTimedOut),
        DbErr::ConnectionAcquire(_) => true,
        _ => false,
    }
}

/// One SQL file as a migration; files are applied in the order of the migrator's list and never edited afterwards.
#[derive(Clone, Copy, Debug)]
pub struct SqlMigration {
    /// The file's name without its ending, such as `0001_tasks`.
    pub name: &'static str,
    /// The file's text: any number of statements.
    pub sql: &'static str,
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sql).await.map(|_| ())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration(format!("{} cannot be undone: migrations expand, then contract", self.name)))
    }
}

/// Applies what is missing of `M` in one transaction, and grants the service's role (when it exists) what
/// `schema.privileges` says. Safe to run from several processes at once: one works, the others wait and find it done.
///
/// # Errors
/// When a statement fails; the transaction is rolled back and the schema is as before.
pub async fn migrate<M: MigratorTrait>(owner: &DatabaseConnection, schema: &Schema) -> Result<(), DbErr> {
    let transaction = begin(owner).await?;
    let name = schema.name;
    transaction
        .execute_unprepared(&format!(
            "SELECT pg_advisory_xact_lock(hashtext('migrate:{name}')); \
             CREATE SCHEMA IF NOT EXISTS {name}; SET LOCAL search_path TO {name};"
        ))
        .await?;
    M::up(&transaction, None).await?;
    grant(&transaction, schema).await?;
    transaction.commit().await
}

async fn grant(transaction: &DatabaseTransaction, schema: &Schema) -> Result<(), DbErr> {
    let Schema { name, privileges } = schema;
    let sql = format!(
        "DO $grant$ DECLARE service text := current_database() || '_{name}'; BEGIN \
           IF EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN \
             EXECUTE format('GRANT USAGE ON SCHEMA {name} TO %I', service); \
             EXECUTE format('GRANT {privileges} ON ALL TABLES IN SCHEMA {name} TO %I', service); \
             EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA {name} TO %I', service); \
             EXECUTE format('REVOKE ALL ON {name}.seaql_migrations FROM %I', service); \
           END IF; END $grant$"
    );
    transaction.execute_unprepared(&sql).await.map(|_| ())
}

/// Lets the rest of the transaction see every tenant's rows, for work that is nobody's: row-level security hides them otherwise.
///
/// # Errors
/// When the database is away.
pub async fn act_as_system(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let sql = "SELECT set_config('tidings.scope', 'system', true)";
    transaction.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.map(|_| ())
}

/// Begins a transaction.
///
/// # Errors
/// When the database is away.
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    begin_whole(db, None, None).await
}

/// Begins a transaction that only reads, all of it as of one moment.
///
/// # Errors
/// When the database is away.
pub async fn begin_snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    begin_whole(db, Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
}

/// Begins a transaction also when nobody waits for it any more, to roll it back then. sqlx 0.9.0 forgets a `BEGIN` that is broken off:
/// the connection goes back to the pool within a transaction, and what others store there is lost with it (its issue 4385).
#[expect(clippy::disallowed_methods, reason = "this is what is to be used instead")]
async fn begin_whole(
    db: &DatabaseConnection,
    isolation: Option<IsolationLevel>,
    access: Option<AccessMode>,
) -> Result<DatabaseTransaction, DbErr> {
    let db = db.clone();
    let begun = tokio::spawn(async move { db.begin_with_config(isolation, access).await });
    begun.await.unwrap_or_else(|broken| Err(DbErr::Custom(format!("a transaction could not begin: {broken}"))))
}

/// Begins a transaction that sees every tenant's rows.
///
/// # Errors
/// When the database is away.
pub async fn begin_as_system(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = begin(db).await?;
    act_as_system(&transaction).await?;
    Ok(transaction)
}

/// Closes the pool, so that the server sees a farewell; what is still in use after 300 ms is left behind.
pub async fn leave(db: DatabaseConnection) {
    if !matches!(tokio::time::timeout(Duration::from_millis(300), db.close()).await, Ok(Ok(()))) {
        tracing::debug!("connections were left open");
    }
}

/// Whether the database refused a statement for what it holds, as it will each time: SQLSTATE class 22 (data exception), 23
/// (constraint violated) or 54 (a limit of the database exceeded).
pub fn refuses_data(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

/// Whether the database answers, for readiness.
pub async fn is_reachable(db: &DatabaseConnection) -> bool {
    tokio::time::timeout(Duration::from_secs(2), db.ping()).await.is_ok_and(|answer| answer.is_ok())
}

/// What `<service> migrate` does: applies `M` as the owner named by `DATABASE_URL_DIRECT`, else by `DATABASE_URL`.
///
/// # Errors
/// When neither is set, the database is out of reach, or a migration fails.
pub async fn migrate_from<M: MigratorTrait>(variables: &Variables, schema: &Schema) -> anyhow::Result<()> {
    let reader = Reader::new(variables);
    let url = reader.optional("DATABASE_URL_DIRECT").or_else(|| reader.optional("DATABASE_URL"));
    let url = url.context("set DATABASE_URL_DIRECT or DATABASE_URL to the postgres:// address of the owner")?;
    let owner = connect(url, &PoolOptions { max_connections: 1, ..PoolOptions::default() }).await?;
    migrate::<M>(&owner, schema).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://core:hunter2@localhost/tidings";

    fn read(variables: &Variables) -> Result<DatabaseConfig, String> {
        let mut reader = Reader::new(variables);
        let config = DatabaseConfig::read(&mut reader);
        reader.finish(config).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn the_address_must_be_told_and_is_not_printed() {
        let config = read(&Variables::default().with("DATABASE_URL", URL)).unwrap();
        assert_eq!((config.url.expose(), config.pool.max_connections), (URL, 16));
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        let missing = read(&Variables::default()).unwrap_err();
        assert!(missing.contains("DATABASE_URL is not set"), "{missing}");
    }

    #[test]
    fn a_pool_has_1_to_100_connections() {
        let pool = |size: &str| read(&Variables::default().with("DATABASE_URL", URL).with("DATABASE_POOL", size));
        for right in [1, 100] {
            assert_eq!(pool(&right.to_string()).unwrap().pool.max_connections, right);
        }
        for wrong in ["0", "101", "-1", "many"] {
            let mistake = pool(wrong).unwrap_err();
            assert!(mistake.contains("DATABASE_POOL"), "{mistake}");
        }
    }

    #[test]
    fn a_request_waits_1_to_30_seconds_for_a_connection() {
        let wait = |seconds: &str| {
            read(&Variables::default().with("DATABASE_URL", URL).with("DATABASE_WAIT_SECONDS", seconds))
        };
        for (seconds, expected) in [("", 5), ("1", 1), ("30", 30)] {
            assert_eq!(wait(seconds).unwrap().pool.acquire_timeout, Duration::from_secs(expected));
        }
        for wrong in ["0", "31", "-1", "long"] {
            let mistake = wait(wrong).unwrap_err();
            assert!(mistake.contains("DATABASE_WAIT_SECONDS"), "{mistake}");
        }
    }
}
