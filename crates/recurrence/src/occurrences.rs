//! The occurrences of a rule in a time zone, from the first due date on.

use std::collections::VecDeque;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::days::{Calendar, LAST_YEAR};
use crate::invalid::Invalid;
use crate::recurrence::Recurrence;
use crate::rule::{End, Rule, Until};
use crate::wall;

/// How many days and periods are looked at for one occurrence. A Monday that is 29 February takes up to 40 years of a
/// daily rule, some 1,200; what takes longer than this is taken to be never.
const FARTHEST: usize = 12_000;

/// No series begins earlier: whatever is counted from the start on has an end.
const FIRST_YEAR: i32 = 1900;

/// Whether a series may begin with an instance that is due then: in the years 1900 to 9998.
pub fn may_begin(due: DateTime<Utc>) -> bool {
    (FIRST_YEAR..=LAST_YEAR).contains(&due.year())
}

/// An occurrence of a series that has come some way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When it is due.
    pub due: DateTime<Utc>,
    /// How many occurrences of a COUNT are used up with it.
    pub spent: u32,
}

/// A rule with its start. The first occurrence is the start, whether or not the rule matches it, and counts towards COUNT
/// (RFC 5545 §3.8.2.4).
#[derive(Clone, Debug)]
pub struct Occurrences {
    zone: Tz,
    first: NaiveDateTime,
    calendar: Calendar,
    /// Times of the day, in order.
    times: Vec<NaiveTime>,
    positions: Vec<i32>,
    end: End,
}

impl Occurrences {
    /// The series whose first due date is when the clocks of `zone` show `first`.
    ///
    /// # Errors
    /// `recurrence_never` when nothing follows within what is searched, `recurrence_ended` when the rule ends before `first`,
    /// `recurrence_invalid` when that is not in the years that [`may_begin`] says, and why it cannot be read when it was stored before rules were checked.
    pub fn new(recurrence: &Recurrence, zone: Tz, first: NaiveDateTime) -> Result<Self, Invalid> {
        if !may_begin(first.and_utc()) {
            return Err(Invalid::start());
        }
        let series = Self::of(recurrence.rule()?, recurrence.clamps(), zone, first);
        series.check()?;
        Ok(series)
    }

    /// The same, of a rule, unchecked.
    pub(crate) fn of(rule: Rule, clamps: bool, zone: Tz, first: NaiveDateTime) -> Self {
        let hours = if rule.hours.is_empty() { vec![first.hour()] } else { rule.hours.clone() };
        let minutes = if rule.minutes.is_empty() { vec![first.minute()] } else { rule.minutes.clone() };
        let at = |hour: &u32, minute: &u32| first.time().with_hour(*hour)?.with_minute(*minute);
        let times = hours.iter().flat_map(|hour| minutes.iter().filter_map(move |minute| at(hour, minute))).collect();
        let (positions, end) = (rule.positions.clone(), rule.end);
        Self { zone, first, calendar: Calendar::new(rule, first.date(), clamps), times, positions, end }
    }

    fn check(&self) -> Result<(), Invalid> {
        let mut walk = self.walk();
        match walk.next() {
            None => Err(Invalid::ended()),
            Some(_) if walk.next().is_none() && walk.lost => Err(Invalid::never()),
            Some(_) => Ok(()),
        }
    }

    /// The first `limit` occurrences.
    pub fn first(&self, limit: usize) -> Vec<DateTime<Utc>> {
        self.walk().take(limit).collect()
    }

    /// The first occurrence after `moment`.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut walk = if matches!(self.end, End::Count(_)) { self.walk() } else { self.walk_near(moment) };
        walk.find(|occurrence| *occurrence > moment)
    }

    /// The occurrences after `moment`, where `spent` of a COUNT are used up with the one at `due`. They are counted from there: how many there were
    /// before makes no difference to the work.
    pub fn following(&self, due: DateTime<Utc>, spent: u32, moment: DateTime<Utc>) -> impl Iterator<Item = Next> {
        let (most, from) = match self.end {
            End::Count(count) => (count, due),
            End::Never | End::Until(_) => (u32::MAX, due.max(moment)),
        };
        let to_come = self.walk_near(from).filter(move |occurrence| *occurrence > from);
        let counted = (spent.saturating_add(1)..=most).zip(to_come).map(|(spent, due)| Next { due, spent });
        counted.filter(move |next| next.due > moment)
    }

    /// The occurrences at which the rule itself matches, from the start on.
    pub(crate) fn matches(&self) -> Walk<'_> {
        Walk { series: self, period: Some(0), found: VecDeque::new(), last: None, left: None, lost: false }
    }

    fn walk(&self) -> Walk<'_> {
        let left = if let End::Count(count) = self.end { Some(count) } else { None };
        let first = wall::moment(self.zone, self.first);
        let found = self.goes_on(self.first, first).then_some(first).into_iter().collect();
        Walk { found, left, ..self.matches() }
    }

    /// As [`Self::walk`] without its COUNT, from shortly before `moment` on when that is later: so a series of many years is as quick
    /// as a new one.
    fn walk_near(&self, moment: DateTime<Utc>) -> Walk<'_> {
        let near = wall::time(self.zone, moment).checked_sub_signed(TimeDelta::days(2));
        let period = near.map_or(0, |near| self.calendar.period_of(near.date()) - 1);
        if period <= 0 {
            return Walk { left: None, ..self.walk() };
        }
        let last = Some(wall::moment(self.zone, self.first));
        Walk { period: Some(period), last, ..self.matches() }
    }

    /// The local times of the days of a period that the rule names, in order.
    fn times_of(&self, days: &[NaiveDate]) -> Vec<NaiveDateTime> {
        if self.positions.is_empty() {
            return days.iter().flat_map(|day| self.times.iter().map(|time| day.and_time(*time))).collect();
        }
        let all = days.len() * self.times.len();
        let place = |position: &i32| {
            let from_start = usize::try_from(*position).ok().and_then(|position| position.checked_sub(1));
            from_start.or_else(|| all.checked_sub(usize::try_from(position.unsigned_abs()).ok()?))
        };
        let mut places: Vec<_> = self.positions.iter().filter_map(place).filter(|place| *place < all).collect();
        places.sort_unstable();
        places.dedup();
        // Only those that are wanted are looked at: a year may have 8,784 times.
        let at = |place: usize| {
            Some(days.get(place / self.times.len())?.and_time(*self.times.get(place % self.times.len())?))
        };
        places.into_iter().filter_map(at).collect()
    }

    fn goes_on(&self, time: NaiveDateTime, moment: DateTime<Utc>) -> bool {
        match self.end {
            End::Never | End::Count(_) => true,
            End::Until(Until::Moment(until)) => moment.timestamp() <= until.timestamp(),
            End::Until(Until::Wall(until)) => time.and_utc().timestamp() <= until.and_utc().timestamp(),
            End::Until(Until::Day(until)) => time.date() <= until,
        }
    }
}

/// Walks along the occurrences of a series.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    series: &'a Occurrences,
    /// The period to look at next, unless the calendar or the rule is at its end.
    period: Option<i64>,
    found: VecDeque<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// How many more COUNT allows.
    left: Option<u32>,
    /// Whether it ended because nothing more was found within what is searched.
    lost: bool,
}

impl Walk<'_> {
    fn search(&mut self) {
        let mut looked_at = 0;
        while self.found.is_empty() {
            let Some(period) = self.period else { return };
            let Some(found) = self.series.calendar.period(period).filter(|_| looked_at < FARTHEST) else {
                (self.period, self.lost) = (None, true);
                return;
            };
            looked_at += 1 + found.looked_at;
            self.period = Some(found.next);
            self.take(&self.series.times_of(&found.days));
        }
    }

    /// Two times on the clock may be one moment, or the later one the earlier moment, where the first is in a gap.
    fn take(&mut self, times: &[NaiveDateTime]) {
        let series = self.series;
        for time in times.iter().filter(|time| **time >= series.first) {
            let moment = wall::moment(series.zone, *time);
            if !series.goes_on(*time, moment) {
                self.period = None;
                break;
            }
            if self.last.is_none_or(|last| moment > last) {
                self.found.push_back(moment);
            }
        }
        self.found.make_contiguous().sort_unstable();
    }
}

impl Iterator for Walk<'_> {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == Some(0) {
            return None;
        }
        loop {
            if self.found.is_empty() {
                self.search();
            }
            let next = self.found.pop_front()?;
            if self.last.is_none_or(|last| next > last) {
                (self.last, self.left) = (Some(next), self.left.map(|left| left - 1));
                return Some(next);
            }
        }
    }
}
