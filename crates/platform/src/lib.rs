//! What every Tidings service stands on: configuration, time, database, problems, identity, health, lifecycle, the
//! sidecar's client side and the outbox. A service adds its own rooms (`api`, `events`, `jobs`, `actions`, `domain`, `store`).

pub mod auth;
pub mod bell;
pub mod clock;
pub mod config;
mod connections;
pub mod dapr;
pub mod database;
pub mod derived_key;
pub mod duration;
pub mod extract;
pub mod group_commit;
pub mod health;
pub mod http;
pub mod layers;
pub mod lifecycle;
pub mod mail_address;
pub mod members;
pub mod metrics;
pub mod origins;
pub mod outage;
pub mod outbox;
pub mod overload;
pub mod page;
pub mod problem;
pub mod random;
pub mod rate_limit;
pub mod telemetry;
pub mod trace;
mod unread_body;

/// Gives memory back. With glibc's allocator a process that has hashed a few passwords (19 MiB each) keeps 200 MiB.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
