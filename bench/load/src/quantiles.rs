//! Many durations as a few numbers.

use std::time::Duration;

use serde_json::{Value, json};

/// The durations in milliseconds: how many, the median, the 99th percentile (nearest rank), the longest.
pub(crate) fn summary(mut durations: Vec<Duration>) -> Value {
    durations.sort_unstable();
    json!({
        "count": durations.len(),
        "p50": milliseconds(quantile(&durations, 50)),
        "p99": milliseconds(quantile(&durations, 99)),
        "max": milliseconds(durations.last().copied()),
    })
}

/// A duration in milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| (duration.as_secs_f64() * 1e6).round() / 1e3)
}

/// The smallest value that `percent` of all do not exceed.
fn quantile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_nearest_rank() {
        let durations: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(summary(durations), json!({"count": 200, "p50": 100.0, "p99": 198.0, "max": 200.0}));
        assert_eq!(summary(Vec::new()), json!({"count": 0, "p50": null, "p99": null, "max": null}));
        assert_eq!(summary(vec![Duration::from_micros(1_500)])["p99"], 1.5);
    }
}
