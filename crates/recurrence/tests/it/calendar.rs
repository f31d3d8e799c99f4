//! What the simple forms mean, said once more and differently: day after day is asked whether it belongs to the rule, and the
//! offsets before and after are both tried.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// A simple form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) frequency: &'static str,
    pub(crate) interval: i64,
    pub(crate) weekdays: Vec<(Option<i64>, Weekday)>,
    pub(crate) month_days: Vec<i64>,
}

impl Form {
    /// Whether `day` belongs to the rule that starts on `first`.
    pub(crate) fn has(&self, first: NaiveDate, day: NaiveDate) -> bool {
        let monday = |day: NaiveDate| day - Days::new(u64::from(day.weekday().num_days_from_monday()));
        let months = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
        let apart = match self.frequency {
            "daily" => (day - first).num_days(),
            "weekly" => (monday(day) - monday(first)).num_days() / 7,
            "monthly" => months(day) - months(first),
            _ => i64::from(day.year() - first.year()),
        };
        apart % self.interval == 0 && self.in_period(first, day)
    }

    fn in_period(&self, first: NaiveDate, day: NaiveDate) -> bool {
        let anchored = |anchor: i64| i64::from(day.day()) == anchor.min(length(day));
        let weekday = self.weekdays.is_empty() || self.weekdays.iter().any(|wanted| is_nth(*wanted, day));
        match self.frequency {
            "weekly" if self.weekdays.is_empty() => day.weekday() == first.weekday(),
            "daily" | "weekly" => weekday,
            "monthly" if !self.month_days.is_empty() => {
                weekday && self.month_days.iter().any(|wanted| self.is(*wanted, day))
            }
            "monthly" if !self.weekdays.is_empty() => weekday,
            "monthly" => anchored(i64::from(first.day())),
            _ => day.month() == first.month() && anchored(i64::from(first.day())),
        }
    }

    /// A day that the month does not have is its nearest, unless it must be a weekday as well.
    fn is(&self, wanted: i64, day: NaiveDate) -> bool {
        let place = if wanted > 0 { wanted } else { length(day) + 1 + wanted };
        let place = if self.weekdays.is_empty() { place.clamp(1, length(day)) } else { place };
        place == i64::from(day.day())
    }
}

fn length(day: NaiveDate) -> i64 {
    let next = day.with_day(1).unwrap() + chrono::Months::new(1);
    i64::from((next - Days::new(1)).day())
}

fn is_nth((nth, weekday): (Option<i64>, Weekday), day: NaiveDate) -> bool {
    let place = i64::from(day.day());
    let from_start = (place - 1) / 7 + 1;
    let from_end = (length(day) - place) / 7 + 1;
    day.weekday() == weekday && nth.is_none_or(|nth| nth == from_start || nth == -from_end)
}

/// The moment at which the clocks show `time`: the first that does, or else what the offset before the gap makes of it.
pub(crate) fn moment(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    let about = |hours: i64| time.and_utc() + TimeDelta::hours(hours);
    let offset = |hours: i64| {
        TimeDelta::seconds(zone.offset_from_utc_datetime(&about(hours).naive_utc()).fix().local_minus_utc().into())
    };
    let shows = |moment: &DateTime<Utc>| moment.with_timezone(&zone).naive_local() == time;
    let tried = [-40, 40].map(|hours| time.and_utc() - offset(hours));
    tried.into_iter().filter(shows).min().unwrap_or_else(|| time.and_utc() - offset(-40))
}
