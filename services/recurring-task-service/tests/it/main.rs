//! recurring-task-service through its door: real HTTP, a real Postgres, and behind its sidecar a backend-api that keeps the tasks of a test.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ahead;
mod backend;
mod bad_input;
mod fact;
mod instances;
mod late_news;
mod outages;
mod purge;
mod rules;
mod series;
mod service;
mod stops;
mod undo;
mod zones;
