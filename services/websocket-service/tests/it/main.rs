//! websocket-service over real sockets.
#![expect(clippy::unwrap_used, reason = "what a test cannot do without has failed when it is not there")]

mod backend;
mod client;
mod raw;
mod world;

mod authentication;
mod conversation;
mod delivery;
mod health;
mod lifetime;
mod limits;
mod reminders;
mod renewal;
mod replay;
