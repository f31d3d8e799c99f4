//! For tests only: a database each, a clock that stands still, tokens of a trusted issuer, and clients that speak to
//! the services as people do. What cannot be set up ends the test with a panic that says why.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test that cannot be set up has failed, and everything here sets up tests"
)]

mod cluster;
mod database;
mod eventually;
mod explain;
pub mod http;
pub mod isolation;
pub mod issuer;
mod mail;
mod pooler;
mod proxy;
pub mod socket;
mod template;
mod tls_server;
mod token;

use chrono::DateTime;
use platform::clock::Clock;

pub use database::Database;
pub use eventually::eventually;
pub use explain::{explain, explain_analyze};
pub use mail::{Encryption, Mail, MailDemands, MailServer};
pub use pooler::{pool_options, statements};
pub use proxy::Proxy;
pub use template::Migrated;
pub use tls_server::TlsServer;

/// Says that a test is not carried out, and why.
#[expect(clippy::print_stderr, reason = "cargo shows what a test says")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Saturday, 31 January 2026, 09:00:00 UTC: a day that the next month does not have.
const START: i64 = 1_769_850_000;

/// A clock that stands at 2026-01-31T09:00:00Z until it is moved.
pub fn clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(START, 0).expect("a moment that can be written"))
}
