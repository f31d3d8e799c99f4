//! The launcher as people run it, and whole systems from end to end.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests, and what serves them")]

mod database;
mod dead_letters;
mod deployment;
mod failure;
mod launched;
mod launcher;
mod otlp;
mod place;
mod tempdir;
mod token;
mod watch;
mod whole;
