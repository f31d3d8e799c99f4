//! One fresh, migrated database per test.

use std::sync::atomic::{AtomicUsize, Ordering};

use platform::config::Variables;
use platform::database::{Pool, PoolOptions, Schema};
use sea_orm_migration::MigratorTrait;

use crate::cluster::Cluster;
use crate::pooler::{self, pool_options};
use crate::skipped;
use crate::template::{Migrated, PASSWORD, template};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A database of its own, with the rights of production; it is removed when this is dropped.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
    template: String,
    schemas: Vec<Schema>,
}

impl Database {
    /// A database with one service's schema.
    pub async fn create<M: MigratorTrait + 'static>(schema: Schema) -> Self {
        Self::create_with(&[Migrated::by::<M>(schema)]).await
    }

    /// A database with the schemas of several services; without any, an empty one.
    pub async fn create_with(schemas: &[Migrated]) -> Self {
        let cluster = Cluster::get().await;
        let template = template(cluster, schemas).await;
        let name = format!("{}_{}", cluster.prefix, COUNT.fetch_add(1, Ordering::Relaxed));
        cluster.execute(format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")).await;
        if pooler::is_between() {
            cluster.pooler().await.expect("PgBouncer is installed, as TIDINGS_TEST_POOLER wants it");
        }
        Self { cluster, name, template, schemas: schemas.iter().map(|migrated| migrated.schema).collect() }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address as the owner of all tables, as whom migrations run.
    pub fn owner_url(&self) -> String {
        self.cluster.owner_url(&self.name)
    }

    /// What a system that is to bring this database up to date, and then to use it, is configured with.
    pub fn variables(&self) -> Variables {
        let owner = self.owner_url();
        let variables = Variables::default().with("DATABASE_STATEMENTS", pooler::statements());
        variables.with("DATABASE_URL", self.between(owner.clone())).with("DATABASE_URL_DIRECT", owner)
    }

    /// `url`, which is of this database, through PgBouncer; nothing, and a word about it, where that is not installed.
    pub async fn pooled(&self, url: &str) -> Option<String> {
        if self.cluster.pooler().await.is_none() {
            skipped("PgBouncer is not installed");
        }
        self.cluster.pooled(url)
    }

    /// `url` as services are to use it.
    fn between(&self, url: String) -> String {
        if pooler::is_between() { self.cluster.pooled(&url).unwrap_or(url) } else { url }
    }

    /// The address as the role of the service that owns the only (or the first) schema: not the tables' owner, and
    /// with exactly the schema's privileges.
    ///
    /// # Panics
    /// When the database was made without schemas.
    pub fn url(&self) -> String {
        let schema = self.schemas.first().expect("the database was made with a schema");
        self.url_of(schema.name)
    }

    /// The address as the role of the service that owns `schema`.
    ///
    /// # Panics
    /// When the database was made without that schema.
    pub fn url_of(&self, schema: &str) -> String {
        let found = self.schemas.iter().find(|owned| owned.name == schema);
        let schema = found.unwrap_or_else(|| panic!("the database was made without schema {schema}"));
        // Roles belong to the whole server: those of the template serve all its copies.
        self.between(self.cluster.url_as(&self.name, &schema.role(&self.template), PASSWORD))
    }

    /// Connects as the service of the only (or the first) schema.
    ///
    /// # Panics
    /// When the database was made without schemas.
    pub async fn connect(&self) -> Pool {
        connect(&self.url(), &pool_options()).await
    }

    /// Connects as the owner of all tables, to set up or look at what the service itself may not.
    pub async fn connect_as_owner(&self) -> Pool {
        let options = PoolOptions { max_connections: 16, ..PoolOptions::of_administrator() };
        connect(&self.owner_url(), &options).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.drop_later(std::mem::take(&mut self.name));
    }
}

async fn connect(url: &str, options: &PoolOptions) -> Pool {
    platform::database::connect(url, options).await.expect("connect to the test's database")
}
