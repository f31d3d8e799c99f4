//! audit-service through its door: real HTTP, a real Postgres, the rights that it has in production.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit_logs;
mod dead_letters;
mod dead_letters_stored;
mod deleted_tasks;
mod fact;
mod guard;
mod health;
mod immutability;
mod isolation;
mod malformed;
mod notices;
mod outage;
mod process;
mod recording;
mod replays;
mod service;
mod sidecar;
