//! backend-api: the single entry point. REST, identity and tasks; every change leaves as events through the outbox.

pub mod actions;
pub mod api;
pub mod app;
pub mod config;
pub mod domain;
pub mod jobs;
pub mod password_hasher;
pub mod store;

use platform::clock::Clock;
use platform::database::{self, Schema, SqlMigration};
use platform::lifecycle;
use platform::random::Random;
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::{Config, DAPR_HTTP_PORT};

/// Its name among the services.
pub const APP_ID: &str = "backend-api";

/// Its corner of the database.
pub const SCHEMA: Schema = Schema { name: "core", privileges: "SELECT, INSERT, UPDATE, DELETE" };

/// Its migrations, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let file = |name, sql| Box::new(SqlMigration { name, sql }) as Box<dyn MigrationTrait>;
        vec![
            file("0001_identity", include_str!("../migrations/0001_identity.sql")),
            file("0002_tasks", include_str!("../migrations/0002_tasks.sql")),
            file("0003_events", include_str!("../migrations/0003_events.sql")),
            file("0004_search", include_str!("../migrations/0004_search.sql")),
            file("0005_tenant_isolation", include_str!("../migrations/0005_tenant_isolation.sql")),
            file("0006_purge", include_str!("../migrations/0006_purge.sql")),
            file("0007_series", include_str!("../migrations/0007_series.sql")),
        ]
    }
}

/// Runs the service on `listener` until `shutdown`.
///
/// # Errors
/// When `DATABASE_URL` is no address, or the listener fails.
pub async fn serve(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let db = database::open(config.database.url.expose(), &config.database.pool).await?;
    let service = app::build(&config, db.clone(), clock, Random::system())?;
    let served = lifecycle::serve(service, listener, config.service.drain, shutdown).await;
    database::leave(db).await;
    served
}
