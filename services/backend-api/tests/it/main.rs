//! backend-api over HTTP, against a real Postgres.
#![cfg(test)]

mod bad_input;
mod conditional;
mod harness;
mod idempotency;
mod lists;
mod operations;
mod outbox;
mod tasks;
mod tokens;
