//! Figures for people.

use std::io::Write;
use std::time::Duration;

/// Writes the median and the 99th percentile of `times`.
pub(crate) fn latency(out: &mut impl Write, what: &str, mut times: Vec<Duration>) -> anyhow::Result<()> {
    times.sort();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    let millis = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1_000.0;
    writeln!(out, "{what}: p50 {:.1} ms, p99 {:.1} ms, {} changes", millis(at(50)), millis(at(99)), times.len())?;
    Ok(())
}
