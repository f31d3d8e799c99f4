//! Points in time and durations in the forms that Dapr takes.

use std::str::FromStr as _;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, TimeDelta, Utc};

/// A point in time: RFC 3339, or from `now` on a Go duration (`1h30m`) or an ISO 8601 duration without repetitions (`P1DT2H`).
///
/// # Errors
/// When it is none of these, or farther away than time can be told.
pub(super) fn parse(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Some(duration) = go_duration(text) {
        return now.checked_add_signed(duration).ok_or_else(|| format!("{text} is too far away"));
    }
    let period = Period::parse(text).ok_or_else(|| {
        format!("{text:?} is no time: give RFC 3339 (2026-01-31T09:00:00Z), a duration (1h30m) or ISO 8601 (PT1H30M)")
    })?;
    period.after(now).ok_or_else(|| format!("{text} is too far away"))
}

/// A duration as Go writes it: a sign, then numbers with a unit of `h`, `m`, `s`, `ms`, `us`, `µs` or `ns`; `0` needs no unit.
pub(super) fn go_duration(text: &str) -> Option<TimeDelta> {
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

/// An ISO 8601 duration: whole numbers, calendar years and months.
struct Period {
    months: u32,
    days: i64,
    time: TimeDelta,
}

impl Period {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
        let mut period = Self { months: 0, days: 0, time: TimeDelta::zero() };
        let mut in_time = false;
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix('T').filter(|time| !in_time && !time.is_empty()) {
                (in_time, rest) = (true, time);
                continue;
            }
            let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
            let (count, behind) = rest.split_at(digits);
            let unit = behind.chars().next()?;
            period.add(i64::from_str(count).ok()?, unit, in_time)?;
            rest = behind.get(unit.len_utf8()..)?;
        }
        Some(period)
    }

    fn add(&mut self, count: i64, unit: char, in_time: bool) -> Option<()> {
        let months = |count: i64| u32::try_from(count).ok();
        match (unit, in_time) {
            ('Y', false) => self.months = self.months.checked_add(months(count)?.checked_mul(12)?)?,
            ('M', false) => self.months = self.months.checked_add(months(count)?)?,
            ('W', false) => self.days = self.days.checked_add(count.checked_mul(7)?)?,
            ('D', false) => self.days = self.days.checked_add(count)?,
            ('H', true) => self.time = self.time.checked_add(&TimeDelta::try_hours(count)?)?,
            ('M', true) => self.time = self.time.checked_add(&TimeDelta::try_minutes(count)?)?,
            ('S', true) => self.time = self.time.checked_add(&TimeDelta::try_seconds(count)?)?,
            _ => return None,
        }
        Some(())
    }

    /// A day that its month does not have runs over into the next one, as in Go: 31 January and a month are 3 March.
    fn after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let first =
            NaiveDate::from_ymd_opt(now.year(), now.month(), 1)?.checked_add_months(Months::new(self.months))?;
        let days = TimeDelta::try_days(self.days.checked_add(i64::from(now.day()) - 1)?)?;
        let date = first.checked_add_signed(days)?;
        date.and_time(now.time()).and_utc().checked_add_signed(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn go_durations_are_read() {
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
            assert_eq!(go_duration(text), Some(TimeDelta::microseconds(micros)), "{text}");
        }
        for text in ["", "-", "+", "1", "s", ".s", "1x", "1 s", "1h 2m", "1d", "1..2s", "--1s", "99999999999h", "1s2"] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }

    #[test]
    fn points_in_time_have_three_forms() {
        let now = at("2026-01-31T09:00:00.25Z");
        let cases = [
            ("2026-02-01T00:00:00+02:00", "2026-01-31T22:00:00Z"),
            ("90s", "2026-01-31T09:01:30.25Z"),
            ("-1h", "2026-01-31T08:00:00.25Z"),
            ("PT1H30M5S", "2026-01-31T10:30:05.25Z"),
            ("P1D", "2026-02-01T09:00:00.25Z"),
            ("P1W", "2026-02-07T09:00:00.25Z"),
            ("P1M", "2026-03-03T09:00:00.25Z"),
            ("P2Y1DT1M", "2028-02-01T09:01:00.25Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, now), Ok(at(expected)), "{text}");
        }
        for text in
            ["", "tomorrow", "P", "PT", "P1", "P1H", "PT1D", "R2/PT1S", "P-1D", "P99999999Y", "2026-02-30T00:00:00Z"]
        {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }
}
