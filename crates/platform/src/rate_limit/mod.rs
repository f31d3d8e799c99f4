//! Rate limits: how often somebody may ask, by user, by address, or by whatever else a service counts.
//!
//! Each limit is a token bucket that holds so many requests and fills evenly. Every replica counts for itself. A router
//! that is [`limited`] counts the address of each request before anything else; its handlers count the rest through the
//! request's [`Client`]. What was counted is told in `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers).

mod address;
mod client;
mod limiter;
mod rate;
mod settings;

pub use address::TrustedProxies;
pub use client::{Client, limited};
pub use limiter::{Limiter, Standing};
pub use rate::Rate;
pub use settings::AddressLimit;
