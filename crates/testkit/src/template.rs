//! A migrated database that is made once and copied for each test.

use std::any::TypeId;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use platform::database::{Pool, PoolOptions, Schema};
use sea_orm::DbErr;
use sea_orm_migration::MigratorTrait;
use tokio::sync::OnceCell;

use crate::cluster::{Cluster, on_runtime};

/// The password of the services' roles. It opens nothing but test databases.
pub(crate) const PASSWORD: &str = "test";

type Migration<'a> = Pin<Box<dyn Future<Output = Result<(), DbErr>> + Send + 'a>>;

/// A schema together with the migrations that make it.
#[derive(Clone, Copy)]
pub struct Migrated {
    pub(crate) schema: Schema,
    migrator: TypeId,
    migrate: for<'a> fn(&'a Pool, &'a Schema) -> Migration<'a>,
}

impl Migrated {
    /// `schema` as the migrations of `M` leave it.
    pub fn by<M: MigratorTrait + 'static>(schema: Schema) -> Self {
        fn migrate<'a, M: MigratorTrait + 'static>(owner: &'a Pool, schema: &'a Schema) -> Migration<'a> {
            Box::pin(platform::database::migrate::<M>(owner, schema))
        }
        Self { schema, migrator: TypeId::of::<M>(), migrate: migrate::<M> }
    }
}

type Key = Vec<(&'static str, TypeId)>;
static TEMPLATES: LazyLock<Mutex<HashMap<Key, Arc<OnceCell<String>>>>> = LazyLock::new(Mutex::default);
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The name of the database with these schemas, made on first use.
pub(crate) async fn template(cluster: &'static Cluster, schemas: &[Migrated]) -> String {
    let key = schemas.iter().map(|migrated| (migrated.schema.name, migrated.migrator)).collect();
    let cell = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    let schemas = schemas.to_vec();
    on_runtime(async move { cell.get_or_init(|| make(cluster, schemas)).await.clone() }).await
}

async fn make(cluster: &'static Cluster, schemas: Vec<Migrated>) -> String {
    let name = format!("{}_t{}", cluster.prefix, COUNT.fetch_add(1, Ordering::Relaxed));
    // As with a Postgres that is somebody else's, the owner is no superuser.
    let owner = format!("{name}_owner");
    cluster.execute(format!("CREATE ROLE {owner} LOGIN PASSWORD '{PASSWORD}'")).await;
    cluster.execute(format!("CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")).await;
    let (url, options) = (cluster.url_as(&name, &owner, PASSWORD), PoolOptions::of_administrator());
    let owner = platform::database::connect(&url, &options).await.expect("connect to the template");
    for Migrated { schema, migrate, .. } in &schemas {
        let role = schema.role(&name);
        cluster.execute(format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await;
        migrate(&owner, schema).await.unwrap_or_else(|error| panic!("migrate schema {}: {error}", schema.name));
    }
    // A database that somebody is connected to cannot be copied.
    owner.close().await;
    name
}
