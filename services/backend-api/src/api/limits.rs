//! How often users may ask, and how often anybody may try a password.

use platform::clock::Clock;
use platform::problem::Problem;
use platform::rate_limit::{Client, Limiter, Rate};

use crate::config::RateLimits;

/// So many people may sign in from one address as often as each of them may.
const PEOPLE_PER_ADDRESS: u32 = 15;

/// The limits that only a handler can count for, because it knows who asks for what.
#[derive(Clone, Debug)]
pub struct Limits {
    user: Option<Limiter>,
    sign_in: Option<Limiter>,
    sign_in_per_address: Option<Limiter>,
}

impl Limits {
    /// The limits that the settings ask for.
    pub fn new(rates: &RateLimits, clock: &Clock) -> Self {
        let limiter = |name, rate: Option<Rate>| rate.map(|rate| Limiter::new(name, rate, clock.clone()));
        Self {
            user: limiter("user", rates.per_user),
            sign_in: limiter("sign-in", rates.sign_in),
            sign_in_per_address: limiter("sign-in-address", rates.sign_in.map(|rate| rate.times(PEOPLE_PER_ADDRESS))),
        }
    }

    /// Counts a request of a user who has proven who they are.
    ///
    /// # Errors
    /// 429 when it is one too many.
    pub fn count_user(&self, client: &Client, user_id: &str) -> Result<(), Problem> {
        client.count(self.user.as_ref(), user_id)
    }

    /// Counts an attempt to prove with a password who one is. The account is counted by its address, also when there is no
    /// such account: the answer must not tell.
    ///
    /// # Errors
    /// 429 when it is one too many, for the account or from where it came.
    pub fn count_sign_in(&self, client: &Client, email: &str) -> Result<(), Problem> {
        client.count_address(self.sign_in_per_address.as_ref())?;
        client.count(self.sign_in.as_ref(), email)
    }

    /// Counts a registration.
    ///
    /// # Errors
    /// 429 when too many came from there.
    pub fn count_registration(&self, client: &Client) -> Result<(), Problem> {
        client.count_address(self.sign_in_per_address.as_ref())
    }

    /// Counts an attempt with a link to unsubscribe: whoever has none must not try many.
    ///
    /// # Errors
    /// 429 when too many came from there.
    pub fn count_unsubscription(&self, client: &Client) -> Result<(), Problem> {
        client.count_address(self.sign_in_per_address.as_ref())
    }
}
