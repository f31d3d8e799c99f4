//! Hours in which nothing makes a noise.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time of day, `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeOfDay(NaiveTime);

/// A text that is no [`TimeOfDay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Give a time of day such as 22:00.")]
pub(crate) struct NoTimeOfDay;

impl FromStr for TimeOfDay {
    type Err = NoTimeOfDay;

    fn from_str(text: &str) -> Result<Self, NoTimeOfDay> {
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
        let (hour, minute) =
            text.split_once(':').filter(|(hour, minute)| two_digits(hour) && two_digits(minute)).ok_or(NoTimeOfDay)?;
        let time = NaiveTime::from_hms_opt(
            hour.parse().map_err(|_| NoTimeOfDay)?,
            minute.parse().map_err(|_| NoTimeOfDay)?,
            0,
        );
        time.map(Self).ok_or(NoTimeOfDay)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format("%H:%M"))
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// From one time of day to another, over midnight where the second is the earlier one. By the clock of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuietHours {
    pub(crate) from: TimeOfDay,
    pub(crate) to: TimeOfDay,
}

impl QuietHours {
    /// When a message of `moment` may make a noise: at once, or when the quiet hours end by the clock of `zone`.
    pub(crate) fn end(self, moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let (TimeOfDay(from), TimeOfDay(to)) = (self.from, self.to);
        let local = moment.with_timezone(&zone).naive_local();
        let (day, time) = (local.date(), local.time());
        let is_quiet = if from <= to { (from..to).contains(&time) } else { time >= from || time < to };
        if !is_quiet {
            return moment;
        }
        let day = if time < to { Some(day) } else { day.checked_add_days(Days::new(1)) };
        day.map_or(moment, |day| at(day, to, zone)).max(moment)
    }
}

/// The moment at which the clocks of `zone` show that time of that day. In a gap, counts with the offset before it; of a repeated hour, the first.
pub(crate) fn at(day: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let wanted = day.and_time(time);
    let found = zone.from_local_datetime(&wanted).earliest().map(|found| found.to_utc());
    found.unwrap_or_else(|| {
        // A day earlier there is no gap.
        let before = wanted - TimeDelta::days(1);
        let before =
            zone.from_local_datetime(&before).earliest().map_or_else(|| before.and_utc(), |found| found.to_utc());
        before + TimeDelta::days(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(from: &str, to: &str, moment: &str) -> String {
        let hours = QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() };
        hours.end(moment.parse().unwrap(), Tz::Europe__Berlin).to_rfc3339()
    }

    #[test]
    fn they_end_by_the_clock_of_the_person() {
        // In Berlin it is an hour later in winter, two in summer.
        assert_eq!(end("22:00", "07:00", "2026-01-31T21:30:00Z"), "2026-02-01T06:00:00+00:00");
        assert_eq!(end("22:00", "07:00", "2026-02-01T02:00:00Z"), "2026-02-01T06:00:00+00:00");
        assert_eq!(end("22:00", "07:00", "2026-07-01T02:00:00Z"), "2026-07-01T05:00:00+00:00");
        assert_eq!(end("22:00", "07:00", "2026-01-31T12:00:00Z"), "2026-01-31T12:00:00+00:00");
        assert_eq!(
            end("22:00", "07:00", "2026-02-01T06:00:00Z"),
            "2026-02-01T06:00:00+00:00",
            "the end is no part of them"
        );
        assert_eq!(end("12:00", "14:00", "2026-01-31T12:00:00Z"), "2026-01-31T13:00:00+00:00");
        assert_eq!(end("12:00", "12:00", "2026-01-31T11:00:00Z"), "2026-01-31T11:00:00+00:00", "none at all");
    }

    #[test]
    fn an_end_that_the_clocks_leave_out_counts_with_the_offset_before() {
        // On 29 March 2026 the clocks go from 02:00 to 03:00.
        assert_eq!(end("22:00", "02:30", "2026-03-28T23:00:00Z"), "2026-03-29T01:30:00+00:00");
    }

    #[test]
    fn only_times_of_day_are_taken() {
        for text in ["", "7:00", "24:00", "12:60", "12", "12:0x", "12:00:00", "+1:00"] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(NoTimeOfDay), "{text}");
        }
        assert_eq!("07:05".parse::<TimeOfDay>().unwrap().to_string(), "07:05");
    }
}
