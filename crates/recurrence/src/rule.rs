//! A rule as RFC 5545 §3.3.10 states it, down to days and minutes, and its canonical writing.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// Each day.
    Daily,
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each year.
    Yearly,
}

/// A day of the week, or the nth of its month or year (counted from its end when negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) nth: Option<i32>,
    pub(crate) weekday: Weekday,
}

/// The last moment of a rule, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Moment(DateTime<Utc>),
    /// On the wall clock.
    Wall(NaiveDateTime),
    /// That whole day, on the wall clock.
    Day(NaiveDate),
}

/// How a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    Count(u32),
    Until(Until),
}

/// A rule. Its lists are sorted and have nothing twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) frequency: Frequency,
    pub(crate) interval: u32,
    pub(crate) week_start: Weekday,
    pub(crate) months: Vec<u32>,
    pub(crate) week_numbers: Vec<i32>,
    pub(crate) year_days: Vec<i32>,
    pub(crate) month_days: Vec<i32>,
    pub(crate) weekdays: Vec<Day>,
    pub(crate) hours: Vec<u32>,
    pub(crate) minutes: Vec<u32>,
    pub(crate) positions: Vec<i32>,
    pub(crate) end: End,
}

pub(crate) const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
const CODES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A count beyond this is refused: the occurrences of a counted rule are counted from the first.
const MOST_OCCURRENCES: u32 = 10_000;
/// How many times of the day a rule may have.
const MOST_TIMES: usize = 24;

impl Rule {
    pub(crate) fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            week_start: Weekday::Mon,
            months: Vec::new(),
            week_numbers: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            weekdays: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            positions: Vec::new(),
            end: End::Never,
        }
    }

    /// Sorts the lists, the last ones (negative numbers) after the first ones, and drops what is said twice.
    pub(crate) fn sorted(mut self) -> Self {
        fn sort(values: &mut Vec<i32>) {
            values.sort_unstable_by_key(|value| (*value < 0, *value));
            values.dedup();
        }
        for values in [&mut self.months, &mut self.hours, &mut self.minutes] {
            values.sort_unstable();
            values.dedup();
        }
        for values in [&mut self.week_numbers, &mut self.year_days, &mut self.month_days, &mut self.positions] {
            sort(values);
        }
        let key = |day: &Day| (day.nth.map(|nth| (nth < 0, nth)), day.weekday.num_days_from_monday());
        self.weekdays.sort_unstable_by_key(key);
        self.weekdays.dedup();
        self
    }

    /// What of RFC 5545 §3.3.10 it breaks, and the bounds of our own.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        use Frequency::{Monthly, Weekly, Yearly};
        let frequency = self.frequency;
        let within = |values: &[i32], most: u32| values.iter().all(|value| (1..=most).contains(&value.unsigned_abs()));
        let nths: Vec<i32> = self.weekdays.iter().filter_map(|day| day.nth).collect();
        let counted = |most: u32| match self.end {
            End::Count(count) => (1..=most).contains(&count),
            End::Never | End::Until(_) => true,
        };
        let days = [&self.week_numbers, &self.year_days, &self.month_days];
        let numbers = [&self.months, &self.hours, &self.minutes];
        let others = days.iter().any(|list| !list.is_empty())
            || numbers.iter().any(|list| !list.is_empty())
            || !self.weekdays.is_empty();
        let times = self.hours.len().max(1) * self.minutes.len().max(1);
        let checks = [
            ((1..=1000).contains(&self.interval), "An interval is 1 to 1000."),
            (counted(MOST_OCCURRENCES), "A count is 1 to 10000."),
            (self.months.iter().all(|month| (1..=12).contains(month)), "Months are 1 to 12."),
            (within(&self.month_days, 31), "Days of the month are 1 to 31 or -31 to -1."),
            (within(&self.year_days, 366), "Days of the year are 1 to 366 or -366 to -1."),
            (within(&self.week_numbers, 53), "Numbers of weeks are 1 to 53 or -53 to -1."),
            (within(&self.positions, 366), "Positions are 1 to 366 or -366 to -1."),
            (
                nths.is_empty() || matches!(frequency, Monthly | Yearly),
                "Only a monthly or a yearly rule has a number before a weekday.",
            ),
            (within(&nths, if frequency == Monthly { 5 } else { 53 }), "A month has 5 of a weekday, a year 53."),
            (nths.is_empty() || self.week_numbers.is_empty(), "Numbers of weeks go with weekdays without a number."),
            (self.month_days.is_empty() || frequency != Weekly, "Days of the month do not go with a weekly rule."),
            (self.year_days.is_empty() || frequency == Yearly, "Days of the year go with a yearly rule."),
            (self.week_numbers.is_empty() || frequency == Yearly, "Numbers of weeks go with a yearly rule."),
            (self.positions.is_empty() || others, "BYSETPOS goes with another BY part."),
            (self.hours.iter().all(|hour| *hour < 24), "Hours are 0 to 23."),
            (self.minutes.iter().all(|minute| *minute < 60), "Minutes are 0 to 59."),
            (times <= MOST_TIMES, "A rule has up to 24 times a day."),
        ];
        checks.into_iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, detail)| Err(detail))
    }

    /// Whether the members of a form by `frequency` can say it.
    pub(crate) fn is_simple(&self) -> bool {
        use Frequency::{Monthly, Yearly};
        let plain = self.months.is_empty() && self.week_numbers.is_empty() && self.year_days.is_empty();
        let untimed = self.hours.is_empty() && self.minutes.is_empty() && self.positions.is_empty();
        plain
            && untimed
            && self.week_start == Weekday::Mon
            && !matches!(self.end, End::Until(Until::Wall(_)))
            && (self.month_days.is_empty() || self.frequency == Monthly)
            && (self.weekdays.is_empty() || self.frequency != Yearly)
            && (self.frequency == Monthly || self.weekdays.iter().all(|day| day.nth.is_none()))
    }
}

/// The canonical rule: the parts in a fixed order, what is the default left out.
impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frequency = match self.frequency {
            Frequency::Daily => "DAILY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Monthly => "MONTHLY",
            Frequency::Yearly => "YEARLY",
        };
        write!(f, "FREQ={frequency}")?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", code(self.week_start))?;
        }
        list(f, "BYMONTH", &self.months)?;
        list(f, "BYWEEKNO", &self.week_numbers)?;
        list(f, "BYYEARDAY", &self.year_days)?;
        list(f, "BYMONTHDAY", &self.month_days)?;
        list(f, "BYDAY", &self.weekdays)?;
        list(f, "BYHOUR", &self.hours)?;
        list(f, "BYMINUTE", &self.minutes)?;
        list(f, "BYSETPOS", &self.positions)?;
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(Until::Moment(moment)) => write!(f, ";UNTIL={}", moment.format("%Y%m%dT%H%M%SZ")),
            End::Until(Until::Wall(time)) => write!(f, ";UNTIL={}", time.format("%Y%m%dT%H%M%S")),
            End::Until(Until::Day(day)) => write!(f, ";UNTIL={}", day.format("%Y%m%d")),
        }
    }
}

impl Display for Day {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(code(self.weekday))
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, name: &str, values: &[T]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        if index == 0 {
            write!(f, ";{name}={value}")?;
        } else {
            write!(f, ",{value}")?;
        }
    }
    Ok(())
}

fn code(weekday: Weekday) -> &'static str {
    WEEK.iter().zip(CODES).find(|(day, _)| **day == weekday).map_or("", |(_, code)| code)
}

/// The weekday with this code, in any case.
pub(crate) fn weekday_of_code(code: &str) -> Option<Weekday> {
    WEEK.into_iter().zip(CODES).find(|(_, known)| known.eq_ignore_ascii_case(code)).map(|(day, _)| day)
}
