//! At what time, and until when: `at 9am and 17:30`, `until Dec 31 2026`, `for 5 times`, `after completion`.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};

use super::Reader;
use super::tokens::{Lost, Tokens, digits};
use crate::rule::{End, Until};
use crate::words::{month_named, weekday_named};
use crate::written::parse_until;

impl Reader<'_> {
    /// A clause that says no days.
    pub(super) fn ending(&mut self) -> Result<(), Lost> {
        if self.tokens.take("at") {
            return self.times();
        }
        if self.tokens.take("only") {
            return self.positions();
        }
        if self.tokens.take("with") {
            return self.week_start();
        }
        if self.tokens.take_any(&["until", "till"]) {
            let until = self.until()?;
            return self.end(End::Until(until));
        }
        if self.tokens.take_any(&["after", "from"]) {
            self.tokens.expect_any(&["completion", "completed", "completing"])?;
            self.completion = true;
            return Ok(());
        }
        self.tokens.take("for");
        let count = self.tokens.number().ok_or(Lost)?;
        self.tokens.skip();
        self.tokens.expect_any(&["times", "time", "occurrences", "occurrence"])?;
        self.end(End::Count(count))
    }

    fn end(&mut self, end: End) -> Result<(), Lost> {
        if self.rule.end != End::Never {
            return Err(Lost);
        }
        self.rule.end = end;
        Ok(())
    }

    fn times(&mut self) -> Result<(), Lost> {
        let number = |tokens: &mut Tokens<'_>| {
            let number = tokens.peek().and_then(digits)?;
            tokens.skip();
            Some(number)
        };
        if self.tokens.take_any(&["hour", "hours"]) {
            self.rule.hours = self.tokens.list(number)?;
            return Ok(());
        }
        if self.tokens.take_any(&["minute", "minutes"]) {
            self.rule.minutes = self.tokens.list(number)?;
            return Ok(());
        }
        let first = self.tokens.mark();
        let times: BTreeSet<_> = self.tokens.list(time)?.into_iter().collect();
        let hours: BTreeSet<_> = times.iter().map(|(hour, _)| *hour).collect();
        let minutes: BTreeSet<_> = times.iter().map(|(_, minute)| *minute).collect();
        if times.len() != hours.len() * minutes.len() {
            self.why = Some(
                "One rule has each of its hours at each of its minutes, so these times are no rule. Make a task for each, or give \
                 times that have their minutes in common, as in at 9am and 5pm.",
            );
            self.tokens.back_to(first);
            return Err(Lost);
        }
        self.rule.hours = hours.into_iter().collect();
        self.rule.minutes = minutes.into_iter().collect();
        Ok(())
    }

    /// `only the 1st and last of them`.
    fn positions(&mut self) -> Result<(), Lost> {
        self.tokens.expect_any(&["the"])?;
        let positions = self.tokens.list(|tokens| {
            tokens.take("the");
            let (position, length) = tokens.ordinal()?;
            tokens.skip_many(length);
            Some(position)
        })?;
        self.tokens.expect_any(&["of"])?;
        self.tokens.expect_any(&["them"])?;
        self.rule.positions.extend(positions);
        Ok(())
    }

    /// `with weeks from Sunday`.
    fn week_start(&mut self) -> Result<(), Lost> {
        self.tokens.expect_any(&["weeks"])?;
        self.tokens.expect_any(&["from"])?;
        self.rule.week_start = self.tokens.peek().and_then(weekday_named).ok_or(Lost)?;
        self.tokens.skip();
        Ok(())
    }

    /// `2026-12-31`, `2026-12-31T09:00:00Z`, `Dec 31 2026`, `31st of December, 2026`.
    fn until(&mut self) -> Result<Until, Lost> {
        let word = self.tokens.peek().ok_or(Lost)?.to_ascii_uppercase();
        let wall = || NaiveDateTime::parse_from_str(&word, "%Y-%m-%dT%H:%M:%S").ok().map(Until::Wall);
        if let Some(until) = parse_until(&word).or_else(wall) {
            self.tokens.skip();
            return Ok(until);
        }
        let (month, day) = if let Some(month) = self.month() {
            (month, self.day_of_month().ok_or(Lost)?)
        } else {
            let day = self.day_of_month().ok_or(Lost)?;
            self.tokens.take("of");
            (self.month().ok_or(Lost)?, day)
        };
        self.tokens.take(",");
        let year = self.tokens.peek().filter(|word| word.len() == 4).and_then(digits).ok_or(Lost)?;
        let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).ok_or(Lost)?;
        self.tokens.skip();
        Ok(Until::Day(date))
    }

    fn month(&mut self) -> Option<u32> {
        let month = self.tokens.peek().and_then(month_named)?;
        self.tokens.skip();
        Some(month)
    }

    fn day_of_month(&mut self) -> Option<u32> {
        let ordinal = self.tokens.ordinal().and_then(|(number, _)| u32::try_from(number).ok());
        let day = ordinal.or_else(|| self.tokens.peek().and_then(digits))?;
        self.tokens.skip();
        Some(day)
    }
}

/// `9am`, `9 pm`, `9:30pm`, `17:30`, `9`, `noon`.
fn time(tokens: &mut Tokens<'_>) -> Option<(u32, u32)> {
    let word = tokens.peek()?;
    if let Some(known) = [("noon", (12, 0)), ("midnight", (0, 0))].into_iter().find(|(name, _)| *name == word) {
        tokens.skip();
        return Some(known.1);
    }
    let after = tokens.peek_at(1).filter(|next| matches!(*next, "am" | "pm"));
    let (clock, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some("am")),
        (_, Some(clock)) => (clock, Some("pm")),
        _ => (word, after),
    };
    let (hour, minute) = clock.split_once(':').unwrap_or((clock, "0"));
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let hour = match half {
        None => Some(hour).filter(|hour| *hour < 24),
        Some(half) => Some(hour % 12 + if half == "pm" { 12 } else { 0 }).filter(|_| (1..=12).contains(&hour)),
    }?;
    let words = if clock == word && half.is_some() { 2 } else { 1 };
    tokens.skip_many(words);
    Some((hour, minute)).filter(|(_, minute)| *minute < 60)
}
