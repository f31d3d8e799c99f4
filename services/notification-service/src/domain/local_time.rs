//! Moments as people read them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// `Saturday 31 January 2026, 10:00 (Europe/Berlin)`.
pub(crate) fn local_time(moment: DateTime<Utc>, zone: Tz) -> String {
    format!("{} ({zone})", moment.with_timezone(&zone).format("%A %-d %B %Y, %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clock_of_who_reads_it() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (moment, zone, told) in [
            ("2026-01-31T09:00:00Z", Tz::Europe__Berlin, "Saturday 31 January 2026, 10:00 (Europe/Berlin)"),
            ("2026-07-01T22:30:59Z", Tz::Europe__Berlin, "Thursday 2 July 2026, 00:30 (Europe/Berlin)"),
            ("2026-01-31T09:00:00Z", Tz::UTC, "Saturday 31 January 2026, 09:00 (UTC)"),
            ("2026-01-31T20:00:00Z", Tz::Asia__Kolkata, "Sunday 1 February 2026, 01:30 (Asia/Kolkata)"),
        ] {
            assert_eq!(local_time(at(moment), zone), told);
        }
    }
}
