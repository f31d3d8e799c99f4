//! Moments as clients write them.

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

use super::invalid::Invalid;

/// Reads an RFC 3339 date-time with its offset; it is kept in UTC with whole microseconds. A leap second is the second that
/// follows it: nothing after us has a name for it.
///
/// # Errors
/// `date_invalid`, also for years beyond 1 to 9999.
pub fn parse(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let invalid = || Invalid::new("date_invalid", "Give a date and time with offset, such as 2026-01-31T09:00:00Z.");
    let read = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?;
    let moment = DateTime::from_timestamp_micros(read.timestamp_micros()).ok_or_else(invalid)?;
    if (1..=9999).contains(&moment.year()) { Ok(moment) } else { Err(invalid()) }
}

/// The same in a query string, where a `+` that was not written as `%2B` has become a space.
///
/// # Errors
/// As [`parse`].
pub fn parse_in_query(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let offset = text.len().checked_sub("+01:00".len()).and_then(|at| text.split_at_checked(at));
    match offset.and_then(|(time, offset)| Some((time, offset.strip_prefix(' ')?))) {
        Some((time, east)) => parse(&format!("{time}+{east}")),
        None => parse(text),
    }
}

/// The same moment as the API writes it: in UTC, with as many digits as it has.
pub fn write(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_kept_in_utc() {
        let moment = parse("2026-01-31T10:00:00.1234567+01:00").unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-01-31T09:00:00.123456+00:00");
    }

    #[test]
    fn a_leap_second_is_the_next_second() {
        assert_eq!(write(parse("2026-06-15T10:20:60Z").unwrap()), "2026-06-15T10:21:00Z");
        assert_eq!(parse("9999-12-31T23:59:60Z").unwrap_err().code, "date_invalid");
        assert_eq!(parse("0000-12-31T23:00:00Z").unwrap_err().code, "date_invalid");
    }

    #[test]
    fn in_a_query_a_plus_may_have_become_a_space() {
        let moment = parse("2026-01-31T10:00:00+01:00").unwrap();
        for text in ["2026-01-31T10:00:00 01:00", "2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z"] {
            assert_eq!(parse_in_query(text).unwrap(), moment, "{text}");
        }
        for text in ["", " 01:00", "2026-01-31 10:00", "é01:00", "2026-01-31T10:00:00  01:00"] {
            assert_eq!(parse_in_query(text).unwrap_err().code, "date_invalid", "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in
            ["", "tomorrow", "2026-01-31", "2026-02-30T09:00:00Z", "2026-01-31T09:00:00", "2026-01-31T25:00:00Z"]
        {
            assert_eq!(parse(text).unwrap_err().code, "date_invalid", "{text}");
        }
    }
}
