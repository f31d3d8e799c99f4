//! Bringing a service's schema up to date, as the owner of its tables.
#![expect(clippy::disallowed_types, reason = "SeaORM's migrations run on its own connections")]

use anyhow::{Context as _, bail};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};

use super::config::PoolOptions;
use super::pool::{Pool, connect};
use crate::config::{Reader, Variables};

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
/// `schema.privileges` says. Safe to run from several processes at once: one works, the others wait and find it done, for a minute at
/// most.
///
/// # Errors
/// When a statement fails; the transaction is rolled back and the schema is as before.
#[expect(clippy::disallowed_methods, reason = "nobody breaks off a migration, and SeaORM's run on its own connections")]
pub async fn migrate<M: MigratorTrait>(owner: &Pool, schema: &Schema) -> Result<(), DbErr> {
    let transaction = DatabaseConnection::from(owner.connections()).begin().await?;
    let name = schema.name;
    transaction
        .execute_unprepared(&format!(
            "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(hashtext('migrate:{name}')); \
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

/// Where migrations go, with the name of the setting that says so: past the pooler that may be before `DATABASE_URL`.
///
/// # Errors
/// When they would have to pass a pooler that they cannot pass.
pub fn owner_url<'a>(reader: &Reader<'a>) -> anyhow::Result<Option<(&'static str, &'a str)>> {
    const DIRECT: &str = "DATABASE_URL_DIRECT";
    if let Some(direct) = reader.optional(DIRECT) {
        return Ok(Some((DIRECT, direct)));
    }
    let url = reader.optional("DATABASE_URL");
    if url.is_some() && reader.optional("DATABASE_STATEMENTS") == Some("unnamed") {
        bail!(
            "DATABASE_STATEMENTS=unnamed is for a pooler, which migrations cannot pass: set {DIRECT} to the owner's address past it"
        );
    }
    Ok(url.map(|url| ("DATABASE_URL", url)))
}

/// What `<service> migrate` does: applies `M` as the owner named by `DATABASE_URL_DIRECT`, else by `DATABASE_URL`.
///
/// # Errors
/// When neither is set, the database is out of reach, or a migration fails.
pub async fn migrate_from<M: MigratorTrait>(variables: &Variables, schema: &Schema) -> anyhow::Result<()> {
    let url = owner_url(&Reader::new(variables))?;
    let (name, url) = url.context("set DATABASE_URL_DIRECT or DATABASE_URL to the postgres:// address of the owner")?;
    let owner = connect(url, &PoolOptions::of_administrator()).await;
    let owner = owner.with_context(|| format!("the database of {name} cannot be used"))?;
    migrate::<M>(&owner, schema).await?;
    Ok(())
}
