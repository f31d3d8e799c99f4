//! The embedded sidecar: answers the Dapr APIs that the services use, for every app of one process, one HTTP and one
//! gRPC listener per app. Topics are a log in Postgres (schema `sidecar`), ordered per partition key and at-least-once; so
//! are jobs, which any process of an app calls for.
//!
//! One process at a time delivers to an app from a database: positions are kept, but partitions are not assigned, so a
//! second process with the same app would deliver everything to it a second time.
//!
//! It supports the behaviours that the services rely on, as daprd 1.18 shows them, and no more: any other API answers
//! `UNIMPLEMENTED` or 501 and names itself.

mod breaker;
mod delivery;
mod duration;
mod envelope;
mod grpc;
mod http;
mod jobs;
mod log;
mod metadata;
mod publish;
mod resources;
mod run;
mod settings;
mod sidecar;
mod tasks;

use platform::database::{Schema, SqlMigration};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub use resources::{ResourceError, Resources, SUBSCRIPTIONS};
pub use run::run;
pub use settings::{App, AppHealthCheck, Backoff, Settings};

/// The sidecar's corner of the database.
pub const SCHEMA: Schema = Schema { name: "sidecar", privileges: "SELECT, INSERT, UPDATE, DELETE" };

/// Brings the schema `sidecar` up to date.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(SqlMigration { name: "0001_log", sql: include_str!("../migrations/0001_log.sql") }),
            Box::new(SqlMigration { name: "0002_jobs", sql: include_str!("../migrations/0002_jobs.sql") }),
        ]
    }
}
