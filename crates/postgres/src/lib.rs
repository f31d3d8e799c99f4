//! A private PostgreSQL server that lives as long as the process that started it.
//!
//! The launcher keeps its data in a directory of the project; tests use a throw-away server. The server listens on
//! 127.0.0.1 only, with a generated password, and ends when its owner ends, however that happens: see `guardian`.

mod account;
mod binaries;
mod builder;
mod cache;
mod cluster;
mod error;
#[cfg(feature = "fetch")]
mod fetch;
mod guardian;
mod password;
mod place;
mod pooler;
mod server;
mod startup;

pub use binaries::{BINARIES_VARIABLE, MINIMUM_MAJOR};
pub use builder::Builder;
pub use error::Error;
pub use pooler::Pooler;
pub use server::Server;
