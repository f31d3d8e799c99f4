//! From the wall clock to the moment, and back.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The moment at which the clocks of `zone` show `time`. A time that is skipped takes the offset before the gap, one that is
/// there twice is the first.
pub(crate) fn moment(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        MappedLocalTime::Single(moment) => moment.to_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.min(other).to_utc(),
        MappedLocalTime::None => before_gap(zone, time),
    }
}

/// What the clocks of `zone` show at `moment`.
pub(crate) fn time(zone: Tz, moment: DateTime<Utc>) -> NaiveDateTime {
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
