//! Durations as Go writes them, which is how Dapr's files and APIs write them.

use std::str::FromStr as _;
use std::time::Duration;

use chrono::TimeDelta;

/// Reads `1h15m30.5s`; a number without a unit counts milliseconds, as it does for Dapr.
///
/// # Errors
/// Names the text that is no duration.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 500ms, 10s or 1m30s");
    if let Ok(milliseconds) = text.parse() {
        return Ok(Duration::from_millis(milliseconds));
    }
    signed(text).and_then(|duration| duration.to_std().ok()).ok_or_else(wrong)
}

/// A duration as Go writes it: a sign, then numbers with a unit of `h`, `m`, `s`, `ms`, `us`, `µs` or `ns`; `0` needs no unit.
pub(crate) fn signed(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    let mut nanoseconds: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (digits, behind) = rest.split_at(number);
        let unit = behind.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(behind.len());
        let (unit, next) = behind.split_at(unit);
        nanoseconds = nanoseconds.checked_add(scaled(digits, nanoseconds_of(unit)?)?)?;
        rest = next;
    }
    Some(TimeDelta::nanoseconds(i64::try_from(sign * nanoseconds).ok()?))
}

fn nanoseconds_of(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `digits`, which may have a decimal point, times `unit`; what is smaller than a nanosecond is cut off.
fn scaled(digits: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { i128::from(u64::from_str(whole).ok()?) };
    let fraction = fraction.get(..fraction.len().min(18))?;
    let part = if fraction.is_empty() { 0 } else { i128::from(u64::from_str(fraction).ok()?) };
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    whole.checked_mul(unit)?.checked_add(part * unit / scale)
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

    #[test]
    fn durations_may_have_a_sign() {
        let cases = [
            ("0", 0),
            ("0s", 0),
            ("1s", 1_000_000),
            ("1h30m", 5_400_000_000),
            ("1.5h", 5_400_000_000),
            (".5s", 500_000),
            ("300ms", 300_000),
            ("2us", 2),
            ("2µs", 2),
            ("-1m", -60_000_000),
            ("+1m", 60_000_000),
            ("1s1s", 2_000_000),
        ];
        for (text, micros) in cases {
            assert_eq!(signed(text), Some(TimeDelta::microseconds(micros)), "{text}");
        }
        for text in ["", "-", "+", "1", "s", ".s", "1x", "1 s", "1h 2m", "1d", "1..2s", "--1s", "99999999999h", "1s2"] {
            assert_eq!(signed(text), None, "{text}");
        }
    }
}
