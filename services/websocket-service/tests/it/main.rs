//! websocket-service over real sockets.

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
mod renewal;
