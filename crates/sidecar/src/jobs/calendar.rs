//! Cron expressions of six fields, seconds first, by the rules of Dapr's scheduler (robfig/cron): Sunday is 0, `N/step` runs to
//! the end of the range, `?` is `*`, and a day of the month and a day of the week that are both restricted are alternatives.

use chrono::{DateTime, Datelike as _, SubsecRound as _, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

/// A time that does not come within this many days never comes; a 29th of February may be eight years away.
const HORIZON_DAYS: i64 = 8 * 366 + 1;
const SECONDS_PER_HOUR: i64 = 3_600;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The values of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    /// Bit n stands for value n.
    values: u64,
    /// Whether `*` is among its parts.
    any: bool,
}

/// What a field may hold, and the names of its values from the lowest on.
struct Bounds {
    lowest: u32,
    highest: u32,
    names: &'static [&'static str],
}

impl Bounds {
    const fn new(lowest: u32, highest: u32, names: &'static [&'static str]) -> Self {
        Self { lowest, highest, names }
    }
}

/// Every second that a cron expression names, on the clocks of a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: Tz,
}

impl Calendar {
    /// Reads six fields: seconds, minutes, hours, day of the month, month, day of the week.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub(super) fn parse(expression: &str, zone: Tz) -> Result<Self, String> {
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let [seconds, minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("expected exactly 6 fields, found {}: {expression}", fields.len()));
        };
        let sixty = Bounds::new(0, 59, &[]);
        Ok(Self {
            seconds: Field::parse(seconds, &sixty)?,
            minutes: Field::parse(minutes, &sixty)?,
            hours: Field::parse(hours, &Bounds::new(0, 23, &[]))?,
            days: Field::parse(days, &Bounds::new(1, 31, &[]))?,
            months: Field::parse(months, &Bounds::new(1, 12, &MONTHS))?,
            weekdays: Field::parse(weekdays, &Bounds::new(0, 6, &DAYS))?,
            zone,
        })
    }

    /// The first time after `after`; `None` when there is none for years.
    ///
    /// It walks along real time and looks at the zone's clock: hours that a change of the clock leaves out do not come, those that
    /// it repeats come twice.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = after.checked_add_signed(TimeDelta::days(HORIZON_DAYS))?;
        let mut at = after.trunc_subsecs(0) + TimeDelta::seconds(1);
        while at <= end {
            let clock = at.with_timezone(&self.zone);
            let into_hour = i64::from(clock.minute() * 60 + clock.second());
            let step = if !self.months.has(clock.month()) || !self.day_matches(&clock) || !self.hours.has(clock.hour())
            {
                SECONDS_PER_HOUR - into_hour
            } else if !self.minutes.has(clock.minute()) {
                60 - i64::from(clock.second())
            } else if !self.seconds.has(clock.second()) {
                1
            } else {
                return Some(at);
            };
            at += TimeDelta::seconds(step);
        }
        None
    }

    fn day_matches(&self, clock: &DateTime<Tz>) -> bool {
        let day = self.days.has(clock.day());
        let weekday = self.weekdays.has(clock.weekday().num_days_from_sunday());
        if self.days.any || self.weekdays.any { day && weekday } else { day || weekday }
    }
}

impl Field {
    fn parse(text: &str, bounds: &Bounds) -> Result<Self, String> {
        let parts = text.split(',').filter(|part| !part.is_empty()).map(|part| Self::range(part, bounds));
        parts
            .reduce(|all, part| {
                let (all, part) = (all?, part?);
                Ok(Self { values: all.values | part.values, any: all.any || part.any })
            })
            .unwrap_or_else(|| Err(format!("a field holds no value: {text}")))
    }

    /// `*`, `N`, `N-M`, each also with `/step`.
    fn range(part: &str, bounds: &Bounds) -> Result<Self, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (part, None),
        };
        let star = matches!(range, "*" | "?");
        let (from, to) = match range.split_once('-') {
            _ if star => (bounds.lowest, bounds.highest),
            Some((from, to)) => (bounds.value(from)?, bounds.value(to)?),
            None => {
                let from = bounds.value(range)?;
                (from, if step.is_some() { bounds.highest } else { from })
            }
        };
        if from < bounds.lowest || to > bounds.highest || from > to || step == Some(0) {
            let Bounds { lowest, highest, .. } = bounds;
            return Err(format!("{part} is no range from {lowest} to {highest} with a positive step"));
        }
        let step = step.unwrap_or(1);
        let values = (from..=to).step_by(usize::try_from(step).unwrap_or(usize::MAX)).map(|value| 1_u64 << value);
        Ok(Self { values: values.sum(), any: star && step == 1 })
    }

    fn has(self, value: u32) -> bool {
        self.values & (1 << value) != 0
    }
}

impl Bounds {
    fn value(&self, text: &str) -> Result<u32, String> {
        let named = (self.lowest..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| number(text), |(value, _)| Ok(value))
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}
