//! Rules as a user of the crate sees them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod calendar;
mod dice;
mod letter;
mod phrases;
mod properties;
mod vectors;
