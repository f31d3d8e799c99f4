//! notification-service through its door: real HTTP, a real Postgres, and behind its sidecar a backend-api that says what a test tells it.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backend;
mod bad_input;
mod fact;
mod lists;
mod mails;
mod moments;
mod notices;
mod once;
mod outages;
mod preferences;
mod replicas;
mod service;
mod silence;
mod waiting;
