//! From the wall clock to the moment, and back.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The moment at which the clocks of `zone` show `time`. A time that is skipped takes the offset before the gap, one that is
/// there twice is the first.
pub fn moment(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        MappedLocalTime::Single(moment) => moment.to_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.min(other).to_utc(),
        MappedLocalTime::None => before_gap(zone, time),
    }
}

/// What the clocks of `zone` show at `moment`.
pub fn time(zone: Tz, moment: DateTime<Utc>) -> NaiveDateTime {
    moment.with_timezone(&zone).naive_local()
}

/// Gaps are an hour as a rule, and a whole day where the date line was moved (Apia, 30 December 2011).
fn before_gap(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    let mut back = TimeDelta::zero();
    while back < TimeDelta::days(2) {
        back += TimeDelta::minutes(15);
        let earlier = time.checked_sub_signed(back).and_then(|earlier| zone.from_local_datetime(&earlier).latest());
        if let Some(moment) = earlier.and_then(|earlier| earlier.to_utc().checked_add_signed(back)) {
            return moment;
        }
    }
    time.and_utc()
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
            assert_eq!(moment(zone, wall), expected.parse::<DateTime<Utc>>().unwrap(), "{zone} {wall}");
        }
        let noon = "2026-07-01T10:00:00Z".parse().unwrap();
        assert_eq!(moment(Tz::Europe__Berlin, time(Tz::Europe__Berlin, noon)), noon);
    }
}
