//! What the tests of the services stand on, tested itself.
#![expect(clippy::unwrap_used, reason = "these are tests, and what serves them")]

mod connecting;
mod database;
mod http;
mod issuer;
mod lasting;
mod mail;
mod pooler;
mod silence;
mod socket;
mod tls;
mod transactions;
mod waiting;
