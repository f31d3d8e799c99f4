//! backend-api over HTTP, against a real Postgres.
#![cfg(test)]

mod account;
mod auth_refresh;
mod auth_register;
mod auth_repetition;
mod auth_secrecy;
mod auth_sign_in;
mod bad_input;
mod browsers;
mod changes;
mod conditional;
mod expiry;
mod harness;
mod history;
mod idempotency;
mod indexes;
mod isolation;
mod issuers;
mod lists;
mod operations;
mod outbox;
mod profile;
mod purge;
mod rate_limits;
mod relay;
mod restore;
mod restore_purged;
mod search;
mod sync;
mod tasks;
mod tokens;
mod trail;
mod ws_tickets;
