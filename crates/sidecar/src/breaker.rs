//! A circuit breaker: after failures in a row nothing is tried for a while, then a little, and after successes everything again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::resources::BreakerPolicy;

/// The breaker of one thing that can be called.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Everything is tried; so many failures in a row since an instant.
    Closed { failures: u32, since: Instant },
    /// Nothing is tried before an instant.
    Open { until: Instant },
    /// So many were tried, and so many of them succeeded.
    HalfOpen { tried: u32, succeeded: u32 },
}

impl Breaker {
    /// A breaker that lets everything through.
    pub(crate) fn new(policy: BreakerPolicy, now: Instant) -> Self {
        Self { policy, state: Mutex::new(State::Closed { failures: 0, since: now }) }
    }

    /// Lets a call through, or not; whoever tries it tells the outcome.
    pub(crate) fn admit(&self, now: Instant) -> Option<Admitted<'_>> {
        self.admits(now).then(|| Admitted { breaker: Some(self) })
    }

    fn admits(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match &mut *state {
            State::Closed { failures, since } => {
                if !self.policy.interval.is_zero() && now.duration_since(*since) >= self.policy.interval {
                    (*failures, *since) = (0, now);
                }
                true
            }
            State::Open { until } if now < *until => false,
            State::Open { .. } => {
                *state = State::HalfOpen { tried: 1, succeeded: 0 };
                true
            }
            State::HalfOpen { tried, .. } => {
                let room = *tried < self.policy.max_requests;
                *tried = tried.saturating_add(u32::from(room));
                room
            }
        }
    }

    /// A call was given up before anybody knew: another one may be tried in its place.
    fn release(&self) {
        if let State::HalfOpen { tried, .. } = &mut *self.lock() {
            *tried = tried.saturating_sub(1);
        }
    }

    fn note(&self, success: bool, now: Instant) {
        let mut state = self.lock();
        let open = State::Open { until: now + self.policy.timeout };
        *state = match (*state, success) {
            (State::Closed { since, .. }, true) => State::Closed { failures: 0, since },
            (State::Closed { failures, .. }, false) if failures + 1 >= self.policy.trip_at => open,
            (State::Closed { failures, since }, false) => State::Closed { failures: failures + 1, since },
            (State::HalfOpen { succeeded, .. }, true) if succeeded + 1 >= self.policy.max_requests => {
                State::Closed { failures: 0, since: now }
            }
            (State::HalfOpen { tried, succeeded }, true) => State::HalfOpen { tried, succeeded: succeeded + 1 },
            (State::HalfOpen { .. }, false) => open,
            // It began before the breaker opened.
            (State::Open { until }, _) => State::Open { until },
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    /// Here until the outcome is known.
    breaker: Option<&'a Breaker>,
}

impl Admitted<'_> {
    /// How it went.
    pub(crate) fn note(mut self, success: bool, now: Instant) {
        if let Some(breaker) = self.breaker.take() {
            breaker.note(success, now);
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker.take() {
            breaker.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker(trip_at: u32, max_requests: u32, interval: Duration) -> (Breaker, Instant) {
        let now = Instant::now();
        (Breaker::new(BreakerPolicy { trip_at, max_requests, interval, timeout: SECOND }, now), now)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_tries_one_after_its_time() {
        let (breaker, now) = breaker(3, 1, Duration::ZERO);
        for success in [false, false, true, false, false] {
            assert!(breaker.admits(now));
            breaker.note(success, now);
        }
        assert!(breaker.admits(now));
        breaker.note(false, now);
        assert!(!breaker.admits(now));
        assert!(!breaker.admits(now + SECOND / 2));
        assert!(breaker.admits(now + SECOND));
        assert!(!breaker.admits(now + SECOND), "one at a time");
        breaker.note(false, now + SECOND);
        assert!(!breaker.admits(now + SECOND));
        assert!(breaker.admits(now + 2 * SECOND));
        breaker.note(true, now + 2 * SECOND);
        assert!((0..9).all(|_| breaker.admits(now + 2 * SECOND)));
    }

    #[test]
    fn it_closes_after_as_many_successes_as_it_lets_through() {
        let (breaker, now) = breaker(1, 2, Duration::ZERO);
        breaker.note(false, now);
        let later = now + SECOND;
        assert!(breaker.admits(later) && breaker.admits(later) && !breaker.admits(later));
        breaker.note(true, later);
        assert!(!breaker.admits(later));
        breaker.note(true, later);
        assert!(breaker.admits(later) && breaker.admits(later) && breaker.admits(later));
    }

    #[test]
    fn a_call_that_is_given_up_gives_its_place_to_another() {
        let (breaker, now) = breaker(1, 1, Duration::ZERO);
        breaker.admit(now).unwrap().note(false, now);
        let given_up = breaker.admit(now + SECOND).unwrap();
        assert!(breaker.admit(now + SECOND).is_none(), "one at a time");
        drop(given_up);
        breaker.admit(now + SECOND).unwrap().note(true, now + SECOND);
        let (first, second) = (breaker.admit(now + SECOND), breaker.admit(now + SECOND));
        assert!(first.is_some() && second.is_some(), "closed again");
    }

    #[test]
    fn failures_of_another_interval_do_not_count() {
        let (breaker, now) = breaker(2, 1, SECOND);
        breaker.note(false, now);
        assert!(breaker.admits(now + SECOND));
        breaker.note(false, now + SECOND);
        assert!(breaker.admits(now + SECOND));
    }
}
