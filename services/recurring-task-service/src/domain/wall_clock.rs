//! Moments and the clock on the wall.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

/// Longer than any clock was ever put forward at once: Samoa left out a whole day.
const LONGEST_GAP: Duration = Duration::hours(25);

/// What the clock on the wall says.
pub(crate) fn local(moment: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    moment.with_timezone(&zone).naive_local()
}

/// When the clock on the wall says so: the first time, where it says so twice; by the offset before, where it never does.
pub(crate) fn moment(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc(),
        LocalResult::None => {
            let before = local - LONGEST_GAP;
            let earlier = zone.from_local_datetime(&before).earliest();
            earlier.map_or_else(|| local.and_utc(), |earlier| earlier.to_utc() + LONGEST_GAP)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_on_the_wall_is_read_both_ways() {
        for (zone, wall, expected) in [
            (Tz::Europe__Berlin, "2026-01-31T09:00:00", "2026-01-31T08:00:00Z"),
            // 02:30 is left out there, and comes twice here.
            (Tz::America__New_York, "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"),
            (Tz::America__New_York, "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
            // A day that never was.
            (Tz::Pacific__Apia, "2011-12-30T10:00:00", "2011-12-30T20:00:00Z"),
        ] {
            let wall: NaiveDateTime = wall.parse().unwrap();
            assert_eq!(moment(wall, zone), expected.parse::<DateTime<Utc>>().unwrap(), "{zone} {wall}");
        }
        let noon = "2026-07-01T10:00:00Z".parse().unwrap();
        assert_eq!(moment(local(noon, Tz::Europe__Berlin), Tz::Europe__Berlin), noon);
    }
}
