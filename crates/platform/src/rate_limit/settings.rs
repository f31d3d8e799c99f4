//! What every service that is open to clients can be told of its limits.

use axum::Router;

use super::{Limiter, Rate, TrustedProxies, limited};
use crate::clock::Clock;
use crate::config::Reader;

/// What an address may ask unless it is set otherwise: many people share one, such as a company behind its router.
const PER_ADDRESS: Rate = Rate::per_minute(12_000);

/// How often an address may ask, and how addresses are told.
#[derive(Clone, Debug)]
pub struct AddressLimit {
    /// `RATE_LIMIT_PER_ADDRESS`: 12000/60 unless set; none when it is `off`.
    pub rate: Option<Rate>,
    /// `TRUSTED_PROXIES`: none unless set.
    pub proxies: TrustedProxies,
}

impl AddressLimit {
    /// Reads both settings.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self { rate: Rate::read(reader, "RATE_LIMIT_PER_ADDRESS", PER_ADDRESS), proxies: TrustedProxies::read(reader) }
    }

    /// Puts `router` under this limit, and lets its handlers count through [`Client`](super::Client).
    pub fn around(&self, router: Router, clock: &Clock) -> Router {
        let limiter = self.rate.map(|rate| Limiter::new("address", rate, clock.clone()));
        limited(router, limiter, self.proxies.clone())
    }
}
