//! The platform as its services use it.

#![cfg(test)]

mod auth_issuer;
mod auth_keys;
mod auth_own;
mod auth_tokens;
mod bodies;
mod gate;
mod lifecycle;
mod overload;
mod rate_limit;
mod service;
