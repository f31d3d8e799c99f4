//! The audit trail: every event of Tidings, recorded once, never changed, and answered for newest first.
//!
//! Events arrive from the sidecar at `POST /events/<topic>`; the history is read at `GET /internal/audit-logs` and
//! `GET /internal/deleted-tasks/{task_id}` by backend-api, which decides who may see what. What any consumer gave up arrives
//! at `POST /events/<topic>.dead`, is kept, and can be listed and replayed at `/internal/dead-letters`.

mod actions;
mod api;
mod app;
mod config;
mod domain;
mod events;
mod store;

use anyhow::Context as _;
use platform::clock::Clock;
use platform::database::{DatabaseConfig, Schema, SqlMigration};
use platform::lifecycle;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::{Config, DAPR_HTTP_PORT};

/// The name of this service to its sidecar.
pub const APP_ID: &str = "audit-service";

/// The corner of the database that this service owns. It may add to the history, not change it.
pub const SCHEMA: Schema = Schema { name: "audit", privileges: "SELECT, INSERT" };

/// The migrations of [`SCHEMA`], oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let file = |name, sql| Box::new(SqlMigration { name, sql }) as Box<dyn MigrationTrait>;
        vec![
            file("0001_entries", include_str!("../migrations/0001_entries.sql")),
            file("0002_dead_letters", include_str!("../migrations/0002_dead_letters.sql")),
            file("0003_tenant_isolation", include_str!("../migrations/0003_tenant_isolation.sql")),
        ]
    }
}

/// Serves at `listener` until `shutdown`.
///
/// # Errors
/// When `DATABASE_URL` is no address, or the listener fails.
pub async fn serve(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let DatabaseConfig { url, pool } = &config.database;
    let db = platform::database::open(url.expose(), pool).await.context("DATABASE_URL is no address")?;
    let service = app::service(&config.service, db.clone(), clock)?;
    let served = lifecycle::serve(service, listener, config.service.drain, shutdown).await;
    platform::database::leave(db).await;
    served
}
