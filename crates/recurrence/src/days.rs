//! The days of a rule, period by period: RFC 5545 §3.3.10's table of what each BY part adds or takes away.

use chrono::{Datelike as _, Days, NaiveDate};

use crate::rule::{Day, Frequency, Rule};

/// Nothing is due later: a year less than a date can be written with, as the clock of a zone may be a day ahead.
pub(crate) const LAST_YEAR: i32 = 9998;

/// What was found in one period.
pub(crate) struct Period {
    /// Its days, in order.
    pub(crate) days: Vec<NaiveDate>,
    /// The period to look at after it.
    pub(crate) next: i64,
    /// How many days were looked at.
    pub(crate) looked_at: usize,
}

/// A rule with what it leaves to its first day filled in.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    rule: Rule,
    first: NaiveDate,
    /// Days that a month does not have become its last (or first) one, instead of being skipped.
    clamps: bool,
}

impl Calendar {
    /// What `rule` does not say is taken from `first` (RFC 5545 §3.3.10: "derived from DTSTART").
    pub(crate) fn new(mut rule: Rule, first: NaiveDate, clamps: bool) -> Self {
        let days_said = !(rule.year_days.is_empty() && rule.month_days.is_empty() && rule.weekdays.is_empty());
        let weekday = Day { nth: None, weekday: first.weekday() };
        match rule.frequency {
            _ if days_said => {}
            Frequency::Daily => {}
            Frequency::Weekly => rule.weekdays = vec![weekday],
            Frequency::Yearly if !rule.week_numbers.is_empty() => rule.weekdays = vec![weekday],
            Frequency::Monthly => rule.month_days = vec![day_of(first)],
            Frequency::Yearly => {
                rule.month_days = vec![day_of(first)];
                if rule.months.is_empty() {
                    rule.months = vec![first.month()];
                }
            }
        }
        let clamps = clamps && rule.weekdays.is_empty();
        Self { rule, first, clamps }
    }

    /// The period, counted from that of the first day, in which `day` is, or the last one before it.
    pub(crate) fn period_of(&self, day: NaiveDate) -> i64 {
        let interval = i64::from(self.rule.interval);
        let apart = match self.rule.frequency {
            Frequency::Daily => (day - self.first).num_days(),
            Frequency::Weekly => (day - self.week_of(self.first)).num_days().div_euclid(7),
            Frequency::Monthly => month_number(day) - month_number(self.first),
            Frequency::Yearly => i64::from(day.year()) - i64::from(self.first.year()),
        };
        apart.div_euclid(interval)
    }

    /// What is in a period; nothing when it lies beyond the calendar.
    pub(crate) fn period(&self, number: i64) -> Option<Period> {
        let steps = number.checked_mul(i64::from(self.rule.interval))?;
        let mut days = match self.rule.frequency {
            Frequency::Daily => {
                let day = plus(self.first, steps)?;
                if !self.in_months(day) {
                    return Some(Period { days: Vec::new(), next: self.after_month(day, number), looked_at: 1 });
                }
                vec![day]
            }
            Frequency::Weekly => {
                let start = plus(self.week_of(self.first), steps.checked_mul(7)?)?;
                start.iter_days().take(7).collect()
            }
            Frequency::Monthly => {
                let month = month_number(self.first).checked_add(steps)?;
                self.month(month_start(month)?)
            }
            Frequency::Yearly => self.year(i32::try_from(i64::from(self.first.year()).checked_add(steps)?).ok()?)?,
        };
        // A month or a year is work also when no day of it comes into question. The calendar repeats after 400 years.
        let looked_at = days.len()
            + match self.rule.frequency {
                Frequency::Daily | Frequency::Weekly => 0,
                Frequency::Monthly => 2,
                Frequency::Yearly => 30,
            };
        days.retain(|day| self.keeps(*day));
        days.sort_unstable();
        days.dedup();
        Some(Period { days, next: number + 1, looked_at })
    }

    /// A daily rule that is limited to months passes over the others at once.
    fn after_month(&self, day: NaiveDate, number: i64) -> i64 {
        let next = month_start(month_number(day) + 1);
        let days = next.map_or(0, |next| (next - self.first).num_days());
        let interval = i64::from(self.rule.interval);
        (days + interval - 1).div_euclid(interval).max(number + 1)
    }

    fn month(&self, start: NaiveDate) -> Vec<NaiveDate> {
        if !self.in_months(start) {
            return Vec::new();
        }
        let length = length_of_month(start);
        if !self.rule.month_days.is_empty() {
            return self.rule.month_days.iter().filter_map(|day| self.month_day(start, length, *day)).collect();
        }
        let span = (start, length);
        self.rule.weekdays.iter().flat_map(|day| weekdays_within(span, *day)).collect()
    }

    fn month_day(&self, start: NaiveDate, length: i32, day: i32) -> Option<NaiveDate> {
        let wanted = if day > 0 { day } else { length + 1 + day };
        let wanted = if self.clamps { wanted.clamp(1, length) } else { wanted };
        start.with_day(u32::try_from(wanted).ok()?)
    }

    fn year(&self, year: i32) -> Option<Vec<NaiveDate>> {
        let start = NaiveDate::from_ymd_opt(year, 1, 1).filter(|_| year <= LAST_YEAR)?;
        let length = length_of_year(start);
        let rule = &self.rule;
        if !rule.year_days.is_empty() {
            let ordinal = |day: &i32| u32::try_from(if *day > 0 { *day } else { length + 1 + day }).ok();
            return Some(rule.year_days.iter().filter_map(|day| start.with_ordinal(ordinal(day)?)).collect());
        }
        if !rule.month_days.is_empty() || (!rule.months.is_empty() && rule.week_numbers.is_empty()) {
            let all = (1..=12).filter_map(|month| start.with_month(month));
            return Some(all.flat_map(|month| self.month(month)).collect());
        }
        Some(rule.weekdays.iter().flat_map(|day| weekdays_within((start, length), *day)).collect())
    }

    /// Whether no part of the rule takes the day away.
    fn keeps(&self, day: NaiveDate) -> bool {
        let rule = &self.rule;
        let weekday = || rule.weekdays.iter().any(|wanted| self.is_weekday(day, *wanted));
        self.in_months(day)
            && (rule.weekdays.is_empty() || weekday())
            && (self.clamps || is_one_of(&rule.month_days, day_of(day), length_of_month(day)))
            && is_one_of(&rule.year_days, ordinal_of(day), length_of_year(day))
            && (rule.week_numbers.is_empty() || self.in_weeks(day))
    }

    fn is_weekday(&self, day: NaiveDate, wanted: Day) -> bool {
        if day.weekday() != wanted.weekday {
            return false;
        }
        let Some(nth) = wanted.nth else { return true };
        let of_year = self.rule.frequency == Frequency::Yearly && self.rule.months.is_empty();
        let (place, length) =
            if of_year { (ordinal_of(day), length_of_year(day)) } else { (day_of(day), length_of_month(day)) };
        nth == (place + 6) / 7 || -nth == (length - place + 7) / 7
    }

    fn in_months(&self, day: NaiveDate) -> bool {
        self.rule.months.is_empty() || self.rule.months.contains(&day.month())
    }

    /// ISO 8601's weeks, from the rule's first day of the week: the first one has at least four days of the year.
    fn in_weeks(&self, day: NaiveDate) -> bool {
        let start = self.week_of(day);
        let fourth = |year| NaiveDate::from_ymd_opt(year, 1, 4).map(|day| self.week_of(day));
        let Some(year) = plus(start, 3).map(|middle| middle.year()) else { return false };
        let (Some(first), Some(next)) = (fourth(year), fourth(year + 1)) else { return false };
        let weeks = |days: i64| i32::try_from(days / 7).unwrap_or_default();
        is_one_of(&self.rule.week_numbers, weeks((start - first).num_days()) + 1, weeks((next - first).num_days()))
    }

    fn week_of(&self, day: NaiveDate) -> NaiveDate {
        let back = day.weekday().days_since(self.rule.week_start);
        day.checked_sub_days(Days::new(u64::from(back))).unwrap_or(day)
    }
}

/// Whether `place` of `length`, counted from 1, or from the end below 0, is wanted; nothing wanted is everything.
fn is_one_of(wanted: &[i32], place: i32, length: i32) -> bool {
    wanted.is_empty() || wanted.contains(&place) || wanted.contains(&(place - length - 1))
}

/// Each such weekday of the days from a start on, or the nth of them.
fn weekdays_within((start, length): (NaiveDate, i32), wanted: Day) -> Vec<NaiveDate> {
    let offset = i64::from(wanted.weekday.days_since(start.weekday()));
    let there = (i64::from(length) - offset + 6).div_euclid(7);
    let at = |index: i64| plus(start, offset + 7 * index);
    match wanted.nth.map(i64::from) {
        None => (0..there).filter_map(at).collect(),
        Some(nth) => {
            let index = if nth > 0 { nth - 1 } else { there + nth };
            at(index).filter(|_| (0..there).contains(&index)).into_iter().collect()
        }
    }
}

fn plus(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    let days = chrono::TimeDelta::try_days(days)?;
    day.checked_add_signed(days).filter(|day| day.year() <= LAST_YEAR)
}

fn month_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

fn month_start(number: i64) -> Option<NaiveDate> {
    let year = i32::try_from(number.div_euclid(12)).ok().filter(|year| *year <= LAST_YEAR)?;
    NaiveDate::from_ymd_opt(year, u32::try_from(number.rem_euclid(12)).ok()? + 1, 1)
}

fn day_of(day: NaiveDate) -> i32 {
    i32::try_from(day.day()).unwrap_or_default()
}

fn ordinal_of(day: NaiveDate) -> i32 {
    i32::try_from(day.ordinal()).unwrap_or_default()
}

fn length_of_month(day: NaiveDate) -> i32 {
    i32::from(day.num_days_in_month())
}

fn length_of_year(day: NaiveDate) -> i32 {
    if day.leap_year() { 366 } else { 365 }
}
