//! How often a message was tried, and when it is tried again.

use std::time::Duration;

use http::StatusCode;
use platform::random::Random;

use crate::resources::{Pauses, Retry};

/// The first of the growing pauses.
const INITIAL_INTERVAL: Duration = Duration::from_millis(500);
/// How many times as long as the one before each of them is.
const MULTIPLIER: f64 = 1.5;
/// The part of itself by which a pause may be shorter or longer.
const RANDOMIZATION_FACTOR: f64 = 0.5;
/// How long is tried, at most, where pauses grow: also where any number of attempts is allowed.
const MAX_ELAPSED_TIME: Duration = Duration::from_mins(15);

/// The attempts at one message. The numbers of growing pauses are those of daprd.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// All of them.
    pub(super) total: u32,
    /// Those that followed the first under the retry policy.
    retries: u32,
    /// What attempts and pauses took under the retry policy. Time in which the app was not to be called is not in it.
    spent: Duration,
}

impl Attempts {
    /// Notes a failed attempt that took `took`. The pause before the next, or none when the policy is at its end.
    pub(crate) fn failed(
        &mut self,
        took: Duration,
        status: Option<StatusCode>,
        policy: Option<&Retry>,
        random: &Random,
    ) -> Option<Duration> {
        self.total = self.total.saturating_add(1);
        self.spent = self.spent.saturating_add(took);
        let policy = policy.filter(|policy| policy.is_for(status))?;
        if policy.max_retries.is_some_and(|most| self.retries >= most) {
            return None;
        }
        let pause = match policy.pauses {
            Pauses::Constant(pause) => pause,
            Pauses::Exponential(longest) => growing(self.retries, longest, random),
        };
        let limited = matches!(policy.pauses, Pauses::Exponential(_));
        self.retries = self.retries.saturating_add(1);
        self.spent = self.spent.saturating_add(pause);
        (!limited || self.spent <= MAX_ELAPSED_TIME).then_some(pause)
    }

    /// Begins again: the policy is at its end, and the log delivers the message another time.
    pub(super) fn begin_again(&mut self) {
        (self.retries, self.spent) = (0, Duration::ZERO);
    }
}

/// The pause after `retries` others.
fn growing(retries: u32, longest: Duration, random: &Random) -> Duration {
    let growth = MULTIPLIER.powi(i32::try_from(retries).unwrap_or(i32::MAX));
    let pause = (INITIAL_INTERVAL.as_secs_f64() * growth).min(longest.as_secs_f64());
    let random = f64::from(u32::from_le_bytes(random.bytes())) / f64::from(u32::MAX);
    Duration::from_secs_f64(pause * (1.0 - RANDOMIZATION_FACTOR + 2.0 * RANDOMIZATION_FACTOR * random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(pauses: Pauses, max_retries: Option<u32>) -> Retry {
        Retry { pauses, max_retries, statuses: Vec::new() }
    }

    /// The pauses until the policy is at its end, of `most` attempts at most.
    fn pauses(policy: &Retry, took: Duration, most: usize) -> Vec<Duration> {
        let (random, mut attempts) = (Random::seeded(1), Attempts::default());
        std::iter::from_fn(|| attempts.failed(took, None, Some(policy), &random)).take(most).collect()
    }

    #[test]
    fn a_policy_ends_after_its_retries() {
        let second = Duration::from_secs(1);
        assert_eq!(pauses(&policy(Pauses::Constant(second), Some(3)), second, 9), [second; 3]);
        assert_eq!(pauses(&policy(Pauses::Constant(second), Some(0)), second, 9), [second; 0]);
        assert_eq!(pauses(&policy(Pauses::Constant(second), None), Duration::from_hours(1), 9), [second; 9]);
        assert_eq!(Attempts::default().failed(second, None, None, &Random::seeded(1)), None);
    }

    #[test]
    fn pauses_grow_by_half_up_to_the_longest_and_vary_by_half() {
        let longest = Duration::from_secs(10);
        let pauses = pauses(&policy(Pauses::Exponential(longest), Some(20)), Duration::ZERO, 99);
        assert_eq!(pauses.len(), 20);
        let mut expected = 0.5_f64;
        for pause in pauses {
            let ratio = pause.as_secs_f64() / expected;
            assert!((0.499..1.501).contains(&ratio), "{pause:?} instead of about {expected} s");
            expected = (expected * 1.5).min(10.0);
        }
    }

    #[test]
    fn growing_pauses_end_after_a_quarter_of_an_hour() {
        let policy = policy(Pauses::Exponential(Duration::from_secs(1)), None);
        let attempts = pauses(&policy, Duration::from_mins(1), 99).len();
        assert!((13..=15).contains(&attempts), "{attempts}");
    }

    #[test]
    fn another_round_begins_anew_and_the_attempts_are_counted_on() {
        let (policy, random) = (policy(Pauses::Constant(Duration::ZERO), Some(1)), Random::seeded(1));
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            assert!(attempts.failed(Duration::ZERO, None, Some(&policy), &random).is_some());
            assert!(attempts.failed(Duration::ZERO, None, Some(&policy), &random).is_none());
            attempts.begin_again();
        }
        assert_eq!(attempts.total, 6);
    }
}
