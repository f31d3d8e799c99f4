//! Reminders and notifications: each person is told once, on time, through the channels that they chose.
//!
//! What is to be told is learned from topics (`POST /events/<topic>`) and kept in the database, which is the truth: a job of the sidecar
//! only rings the bell (`POST /job/reminder-…`), and a look a second later finds what no bell rang for. Who may be told is asked of
//! backend-api at the moment of telling. E-mail and text messages leave through `channels`; what is told in the application is
//! read at `/internal/*` by backend-api, which decides who may see what.

mod actions;
mod api;
mod app;
mod channels;
mod config;
mod counters;
mod domain;
mod events;
mod jobs;
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
pub const APP_ID: &str = "notification-service";

/// The corner of the database that this service owns.
pub const SCHEMA: Schema = Schema { name: "notification", privileges: "SELECT, INSERT, UPDATE, DELETE" };

/// The migrations of [`SCHEMA`], oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let file = |name, sql| Box::new(SqlMigration { name, sql }) as Box<dyn MigrationTrait>;
        vec![file("0001_notification", include_str!("../migrations/0001_notification.sql"))]
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
    let service = app::service(&config, db.clone(), clock)?;
    let served = lifecycle::serve(service, listener, config.service.drain, shutdown).await;
    platform::database::leave(db).await;
    served
}
