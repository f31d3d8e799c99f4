//! backend-api over HTTP, against a real Postgres.
#![cfg(test)]

mod account;
mod auth_refresh;
mod auth_register;
mod auth_repetition;
mod auth_secrecy;
mod auth_sign_in;
mod bad_input;
mod conditional;
mod harness;
mod idempotency;
mod lists;
mod operations;
mod outbox;
mod profile;
mod tasks;
mod tokens;
