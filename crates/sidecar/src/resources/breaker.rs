//! Circuit-breaker policies.

use std::time::Duration;

use serde::Deserialize;

use super::document::Problem;
use crate::duration;

/// A policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BreakerPolicy {
    /// The number of failures in a row that opens it.
    pub(crate) trip_at: u32,
    /// How many are tried at once when it is half open, and have to succeed to close it.
    pub(crate) max_requests: u32,
    /// After which time failures are forgotten while it is closed; zero: never.
    pub(crate) interval: Duration,
    /// How long it is open.
    pub(crate) timeout: Duration,
}

/// A policy as a file says it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    max_requests: Option<u32>,
    interval: Option<String>,
    timeout: Option<String>,
    #[serde(default)]
    trip: String,
}

impl BreakerPolicy {
    /// The policy; `None` when it trips by an expression that the embedded sidecar does not read.
    pub(super) fn new(spec: Spec) -> Result<Option<Self>, Problem> {
        let read = |text: Option<String>, default| text.map_or(Ok(default), |text| duration::parse(&text));
        let interval = read(spec.interval, Duration::ZERO).map_err(Problem)?;
        let timeout = read(spec.timeout, Duration::from_mins(1)).map_err(Problem)?;
        let max_requests = spec.max_requests.unwrap_or(1).max(1);
        let trip_at = if spec.trip.is_empty() { Some(6) } else { trip_at(&spec.trip) };
        Ok(trip_at.map(|trip_at| Self { trip_at, max_requests, interval, timeout }))
    }
}

/// `consecutiveFailures > n` or `>= n`.
fn trip_at(expression: &str) -> Option<u32> {
    let rest = expression.trim().strip_prefix("consecutiveFailures")?.trim_start();
    let (number, more) = match rest.strip_prefix(">=") {
        Some(number) => (number, 0),
        None => (rest.strip_prefix('>')?, 1),
    };
    let number: u32 = number.trim().parse().ok()?;
    number.checked_add(more).filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_understood() {
        for (expression, expected) in [
            ("consecutiveFailures > 5", Some(6)),
            ("consecutiveFailures>=5", Some(5)),
            (" consecutiveFailures  >=  1 ", Some(1)),
            ("consecutiveFailures >= 0", None),
            ("requests > 5", None),
            ("consecutiveFailures > 5 || totalFailures > 9", None),
        ] {
            assert_eq!(trip_at(expression), expected, "{expression}");
        }
    }
}
