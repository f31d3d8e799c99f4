//! Moments as clients write them.

use chrono::{DateTime, Datelike as _, SubsecRound as _, Utc};

use super::invalid::Invalid;

/// Reads an RFC 3339 date-time with its offset; it is kept in UTC with whole microseconds.
///
/// # Errors
/// `date_invalid`, also for years beyond 1 to 9999.
pub fn parse(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let invalid = || Invalid::new("date_invalid", "Give a date and time with offset, such as 2026-01-31T09:00:00Z.");
    let moment = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?.to_utc().trunc_subsecs(6);
    if (1..=9999).contains(&moment.year()) { Ok(moment) } else { Err(invalid()) }
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
    fn what_is_no_moment_is_refused() {
        for text in
            ["", "tomorrow", "2026-01-31", "2026-02-30T09:00:00Z", "2026-01-31T09:00:00", "2026-01-31T25:00:00Z"]
        {
            assert_eq!(parse(text).unwrap_err().code, "date_invalid", "{text}");
        }
    }
}
