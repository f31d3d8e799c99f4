//! Durations as Go writes them, which is how Dapr's files and APIs write them.

use std::time::Duration;

/// The units of Go's `time.ParseDuration`, in nanoseconds; of two that begin alike the longer comes first.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9)];

/// Reads `1h15m30.5s`; a number without a unit counts milliseconds, as it does for Dapr.
///
/// # Errors
/// Names the text that is no duration.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 500ms, 10s or 1m30s");
    if let Ok(milliseconds) = text.parse() {
        return Ok(Duration::from_millis(milliseconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let (unit, worth) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit)).ok_or_else(wrong)?;
        nanoseconds += number * worth;
        rest = &after[unit.len()..];
    }
    if nanoseconds > 9e18 {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(nanoseconds / 1e9).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, milliseconds) in
            [("1h15m30.5s", 4_530_500), ("500ms", 500), ("1.5h", 5_400_000), ("+2s", 2_000), (".5s", 500), ("250", 250)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("10us"), Ok(Duration::from_micros(10)));
    }

    #[test]
    fn what_is_no_duration_is_named() {
        for text in ["", "+", "s", "5 s", "-5s", "5x", "1h-5m", "1..5s", "soon", "9999999999h"] {
            assert!(parse(text).unwrap_err().contains(&format!("{text:?}")), "{text}");
        }
    }
}
