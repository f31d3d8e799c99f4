//! One fresh, migrated database per test.

use std::sync::atomic::{AtomicUsize, Ordering};

use platform::database::{PoolOptions, Schema};
use sea_orm::DatabaseConnection;
use sea_orm_migration::MigratorTrait;

use crate::cluster::Cluster;
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
        self.cluster.url_as(&self.name, &schema.role(&self.template), PASSWORD)
    }

    /// Connects as the service of the only (or the first) schema.
    ///
    /// # Panics
    /// When the database was made without schemas.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url()).await
    }

    /// Connects as the owner of all tables, to set up or look at what the service itself may not.
    pub async fn connect_as_owner(&self) -> DatabaseConnection {
        connect(&self.owner_url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.drop_later(std::mem::take(&mut self.name));
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    platform::database::connect(url, &PoolOptions::default()).await.expect("connect to the test's database")
}
