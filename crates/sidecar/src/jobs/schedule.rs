//! When a recurring job ticks.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::calendar::Calendar;
use crate::duration;

/// A recurring schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// A fixed interval from tick to tick.
    Every(TimeDelta),
    /// By the calendar.
    Calendar(Box<Calendar>),
}

impl Schedule {
    /// Reads `@every <duration>`, `@hourly` and its like, or six cron fields; all but the first may begin with `TZ=<zone>` or
    /// `CRON_TZ=<zone>` and a blank. Without a zone, UTC.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (zone, expression) = zone(text)?;
        let fields = match expression {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            _ if expression.starts_with("@every ") => return every(text),
            _ if expression.starts_with('@') => return Err(format!("unrecognized descriptor: {expression}")),
            _ => expression,
        };
        Ok(Self::Calendar(Box::new(Calendar::parse(fields, zone)?)))
    }

    /// The tick after the one at `after`, or the first one of a job that begins then; `None` when none ever comes.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(interval) => after.checked_add_signed(*interval),
            Self::Calendar(calendar) => calendar.next(after),
        }
    }
}

fn every(text: &str) -> Result<Schedule, String> {
    let Some(interval) = text.strip_prefix("@every ") else {
        return Err(format!("timezone is not supported for @every schedules: {text}"));
    };
    // What is stored counts in microseconds.
    let whole = duration::signed(interval).filter(|interval| *interval >= TimeDelta::microseconds(1));
    whole.map(Schedule::Every).ok_or_else(|| format!("{interval:?} is no duration above zero, such as 1m30s"))
}

/// The time zone of an expression, and the rest of it.
fn zone(text: &str) -> Result<(Tz, &str), String> {
    let Some(rest) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((Tz::UTC, text));
    };
    let (name, expression) = rest
        .split_once(char::is_whitespace)
        .ok_or_else(|| format!("timezone prefix {text} is not followed by a schedule"))?;
    let zone = name.parse().map_err(|_| format!("provided bad location {name}: it is no IANA time zone"))?;
    Ok((zone, expression.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    /// The ticks that follow `after`.
    fn ticks(schedule: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(schedule).unwrap();
        let mut tick = at(after);
        let mut next = || {
            tick = schedule.next(tick).unwrap();
            tick.format("%FT%TZ").to_string()
        };
        (0..count).map(|_| next()).collect()
    }

    fn one(schedule: &str, after: &str) -> String {
        ticks(schedule, after, 1).remove(0)
    }

    #[test]
    fn six_fields_begin_with_seconds() {
        // 31 January 2026 is a Saturday.
        let now = "2026-01-31T09:00:00Z";
        for (schedule, expected) in [
            ("* * * * * *", "2026-01-31T09:00:01Z"),
            ("*/15 * * * * *", "2026-01-31T09:00:15Z"),
            ("30 * * * * *", "2026-01-31T09:00:30Z"),
            ("0 30 * * * ?", "2026-01-31T09:30:00Z"),
            ("0 15 3 * * *", "2026-02-01T03:15:00Z"),
            ("0 0 9-17/4 * * *", "2026-01-31T13:00:00Z"),
            ("0 50/5 * * * *", "2026-01-31T09:50:00Z"),
            ("5,10,5 0 9 * * *", "2026-01-31T09:00:05Z"),
            ("0 0 0 1 * *", "2026-02-01T00:00:00Z"),
            ("0 0 0 29 feb *", "2028-02-29T00:00:00Z"),
            ("0 0 0 1 MAR-MAY *", "2026-03-01T00:00:00Z"),
        ] {
            assert_eq!(one(schedule, now), expected, "{schedule}");
        }
    }

    #[test]
    fn sunday_is_0_and_saturday_6() {
        for (weekday, expected) in [
            ("0", "2026-02-01"),
            ("sun", "2026-02-01"),
            ("1", "2026-02-02"),
            ("Fri", "2026-02-06"),
            ("6", "2026-02-07"),
            ("mon-wed", "2026-02-02"),
        ] {
            assert_eq!(
                one(&format!("0 0 8 * * {weekday}"), "2026-01-31T09:00:00Z"),
                format!("{expected}T08:00:00Z"),
                "{weekday}"
            );
        }
        assert!(Schedule::parse("0 0 8 * * 7").is_err());
    }

    #[test]
    fn a_day_of_the_month_or_of_the_week_is_enough_when_both_are_given() {
        let days = ["2026-02-13T00:00:00Z", "2026-02-16T00:00:00Z", "2026-02-23T00:00:00Z"];
        assert_eq!(ticks("0 0 0 13 * mon", "2026-02-12T00:00:00Z", 3), days);
        // A step of every day is no restriction, one of every second day is.
        assert_eq!(one("0 0 0 */1 * mon", "2026-02-12T00:00:00Z"), "2026-02-16T00:00:00Z");
        assert_eq!(one("0 0 0 */2 * mon", "2026-02-12T00:00:00Z"), "2026-02-13T00:00:00Z");
    }

    #[test]
    fn intervals_and_named_schedules() {
        for (schedule, expected) in [
            ("@every 1m30s", "2026-01-31T09:01:30Z"),
            ("@hourly", "2026-01-31T10:00:00Z"),
            ("@daily", "2026-02-01T00:00:00Z"),
            ("@midnight", "2026-02-01T00:00:00Z"),
            ("@weekly", "2026-02-01T00:00:00Z"),
            ("@monthly", "2026-02-01T00:00:00Z"),
            ("@yearly", "2027-01-01T00:00:00Z"),
            ("@annually", "2027-01-01T00:00:00Z"),
            ("TZ=Europe/Berlin @daily", "2026-01-31T23:00:00Z"),
            ("CRON_TZ=Asia/Kolkata 0 0 18 * * *", "2026-01-31T12:30:00Z"),
        ] {
            assert_eq!(one(schedule, "2026-01-31T09:00:00Z"), expected, "{schedule}");
        }
    }

    #[test]
    fn hours_that_the_clock_leaves_out_do_not_come() {
        // On 8 March 2026 New York goes from 01:59 to 03:00.
        let days = ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"];
        assert_eq!(ticks("TZ=America/New_York 0 30 2 * * *", "2026-03-06T12:00:00Z", 2), days);
        assert_eq!(one("TZ=America/New_York 0 0 * * * *", "2026-03-08T06:30:00Z"), "2026-03-08T07:00:00Z");
    }

    #[test]
    fn hours_that_the_clock_repeats_come_twice() {
        // On 1 November 2026 New York goes from 01:59 back to 01:00.
        let ticks_of = |schedule: &str| ticks(&format!("TZ=America/New_York {schedule}"), "2026-11-01T04:59:59Z", 3);
        assert_eq!(ticks_of("0 30 1 * * *"), ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"]);
        assert_eq!(
            ticks_of("0 */40 * * * *"),
            ["2026-11-01T05:00:00Z", "2026-11-01T05:40:00Z", "2026-11-01T06:00:00Z"]
        );
        // Lord Howe Island moves by half an hour only, and on 5 April 2026 from 02:00 to 01:30.
        let half = ticks("TZ=Australia/Lord_Howe 0 45 1 * * *", "2026-04-04T14:00:00Z", 2);
        assert_eq!(half, ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"]);
    }

    #[test]
    fn midnight_that_does_not_exist_costs_its_day_only() {
        // On 8 September 2024 Santiago goes from 23:59 of the 7th to 01:00.
        let days = ["2024-09-07T04:00:00Z", "2024-09-09T03:00:00Z"];
        assert_eq!(ticks("TZ=America/Santiago @daily", "2024-09-06T12:00:00Z", 2), days);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for schedule in [
            "",
            "@every",
            "@every 5",
            "@every 0s",
            "@every -1s",
            "@often",
            "TZ=UTC",
            "TZ=Moon/Base 0 0 0 * * *",
            "TZ=UTC @every 1s",
            "* * * * *",
            "* * * * * * *",
            "60 * * * * *",
            "* * 24 * * *",
            "* * * 0 * *",
            "* * * * 13 *",
            "5-2 * * * * *",
            "*/0 * * * * *",
            "1/2/3 * * * * *",
            "a * * * * *",
            ", * * * * *",
            "-1 * * * * *",
            "1-2-3 * * * * *",
            "0 0 0 1 january *",
        ] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }

    #[test]
    fn a_date_that_never_comes_is_told() {
        assert_eq!(Schedule::parse("0 0 0 30 2 *").unwrap().next(at("2026-01-31T09:00:00Z")), None);
    }
}
