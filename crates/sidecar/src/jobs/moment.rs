//! Points in time in the forms that Dapr takes.

use std::str::FromStr as _;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, TimeDelta, Utc};

use crate::duration;

/// A point in time: RFC 3339, or from `now` on a Go duration (`1h30m`) or an ISO 8601 duration without repetitions (`P1DT2H`).
///
/// # Errors
/// When it is none of these, or farther away than time can be told.
pub(super) fn parse(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Some(duration) = duration::signed(text) {
        return now.checked_add_signed(duration).ok_or_else(|| format!("{text} is too far away"));
    }
    let period = Period::parse(text).ok_or_else(|| {
        format!("{text:?} is no time: give RFC 3339 (2026-01-31T09:00:00Z), a duration (1h30m) or ISO 8601 (PT1H30M)")
    })?;
    period.after(now).ok_or_else(|| format!("{text} is too far away"))
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
