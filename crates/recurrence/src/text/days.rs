//! Which days: `on Monday and Thursday`, `the third Friday`, `January 27`, `the last day`, `of every month`, `in week 20`.

use super::tokens::{Lost, digits, numbered};
use super::{Reader, unit_named};
use crate::rule::{Day, WEEK};
use crate::words::{month_named, weekday_named, workdays};

impl Reader<'_> {
    /// Days in a row, with or without commas between them; at least one.
    pub(super) fn days(&mut self) -> Result<(), Lost> {
        self.day()?;
        loop {
            let mut ahead = 0;
            while self.tokens.peek_at(ahead).is_some_and(|word| matches!(word, "," | "and" | "&")) {
                ahead += 1;
            }
            if !self.is_day(ahead) {
                return Ok(());
            }
            self.tokens.skip_many(ahead);
            self.day()?;
        }
    }

    /// Whether the word after `ahead` others belongs to a day. A number is one unless it counts: `5 times`.
    fn is_day(&self, ahead: usize) -> bool {
        const OTHERS: [&str; 10] =
            ["the", "last", "day", "days", "weekday", "weekdays", "workday", "workdays", "weekend", "weekends"];
        let Some(word) = self.tokens.peek_at(ahead) else { return false };
        let number = digits(word).is_some() && !self.tokens.counts(ahead);
        let named = weekday_named(word).is_some() || month_named(word).is_some();
        number || named || numbered(word).is_some() || OTHERS.contains(&word)
    }

    fn day(&mut self) -> Result<(), Lost> {
        self.tokens.take("the");
        if let Some((ordinal, length)) = self.tokens.ordinal() {
            self.pending.push(ordinal);
            self.tokens.skip_many(length);
            return Ok(());
        }
        let word = self.tokens.peek().ok_or(Lost)?.to_owned();
        if let Some(weekday) = weekday_named(&word) {
            self.weekday(|nth| Day { nth, weekday });
        } else if let Some(month) = month_named(&word) {
            self.rule.months.push(month);
        } else if matches!(&*word, "weekday" | "weekdays" | "workday" | "workdays") {
            self.workdays()?;
        } else if matches!(&*word, "weekend" | "weekends") && self.pending.is_empty() {
            self.rule.weekdays.extend(WEEK.into_iter().skip(5).map(|weekday| Day { nth: None, weekday }));
        } else if matches!(&*word, "day" | "days") && !self.pending.is_empty() {
            // The noun of the ordinals before it: `last day`.
        } else {
            self.pending.push(self.plain_day(&word).ok_or(Lost)?);
        }
        self.tokens.skip();
        Ok(())
    }

    /// A number without an ending is a day where nothing else can be meant: `January 27`, `monthly on 15`.
    fn plain_day(&self, word: &str) -> Option<i32> {
        let month_follows = self.tokens.peek_at(1).is_some_and(|next| next == "of" || month_named(next).is_some());
        let meant = self.frequency.is_some() || !self.rule.months.is_empty() || month_follows;
        digits(word).filter(|_| meant).and_then(|number| i32::try_from(number).ok())
    }

    /// Each such weekday, or those of the ordinals before it: `1st and 3rd Friday`.
    fn weekday(&mut self, day: impl Fn(Option<i32>) -> Day) {
        if self.pending.is_empty() {
            self.rule.weekdays.push(day(None));
        }
        self.rule.weekdays.extend(self.pending.drain(..).map(|nth| day(Some(nth))));
    }

    /// Monday to Friday, or the nth of them: `last weekday`.
    fn workdays(&mut self) -> Result<(), Lost> {
        if self.interval.is_some() && self.frequency.is_none() {
            return Err(Lost);
        }
        self.rule.weekdays.extend(workdays());
        self.rule.positions.append(&mut self.pending);
        Ok(())
    }

    /// What follows `of`: `every month`, `the year`, `every 2 months`, `January`.
    pub(super) fn of(&mut self) -> Result<(), Lost> {
        if self.tokens.peek().is_some_and(|word| month_named(word).is_some()) {
            return self.months();
        }
        if self.tokens.take_any(&["every", "each"]) {
            self.repeats = true;
            self.completion |= self.tokens.take("!");
        } else {
            self.tokens.expect_any(&["the", "a"])?;
        }
        if self.tokens.take("other") {
            self.set_interval(2)?;
        } else if let Some(number) = self.tokens.number() {
            self.tokens.skip();
            self.set_interval(number)?;
        }
        let month = self.tokens.peek().is_some_and(|word| word.starts_with("month") || word.starts_with("quarter"));
        let year = self.tokens.peek().is_some_and(|word| word.starts_with("year"));
        if !(month || year) {
            return self.months_or_lost();
        }
        if year {
            self.rule.year_days.append(&mut self.pending);
        }
        self.repeats = true;
        // Within a rule that says its own frequency, only what the days are counted in is said.
        if self.frequency.is_some() && self.tokens.peek().and_then(unit_named).is_some() {
            self.tokens.skip();
            return Ok(());
        }
        self.unit().map(|_| ())
    }

    fn months_or_lost(&mut self) -> Result<(), Lost> {
        if self.tokens.peek().is_some_and(|word| month_named(word).is_some()) { self.months() } else { Err(Lost) }
    }

    fn months(&mut self) -> Result<(), Lost> {
        let months = self.tokens.list(|tokens| {
            let month = tokens.peek().and_then(month_named)?;
            tokens.skip();
            Some(month)
        })?;
        self.rule.months.extend(months);
        Ok(())
    }

    /// What follows `in`: months, or numbers of weeks.
    pub(super) fn within(&mut self) -> Result<(), Lost> {
        if !self.tokens.take_any(&["week", "weeks"]) {
            return self.months();
        }
        let weeks = self.tokens.list(|tokens| {
            let (negative, number) =
                tokens.peek().map(|word| word.strip_prefix('-').map_or((false, word), |rest| (true, rest)))?;
            let week = i32::try_from(digits(number)?).ok()?;
            tokens.skip();
            Some(if negative { -week } else { week })
        })?;
        self.rule.week_numbers.extend(weeks);
        Ok(())
    }
}
