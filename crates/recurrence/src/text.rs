//! Reads a rule from plain English: `every Monday`, `third Friday of every month`, `every! 3 days until 2026-12-31`.
//!
//! Words are read from left to right: what repeats first, then clauses in any order. Where they stop making sense, the message
//! says the character.

mod days;
mod ends;
mod tokens;

use crate::invalid::Invalid;
use crate::rule::{Frequency, Rule};
use crate::words::{month_named, weekday_named};
use tokens::{Lost, Tokens};

/// How long a text may be, in characters.
const LONGEST: usize = 1000;

/// What a text says.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) rule: Rule,
    /// Whether it counts from completion.
    pub(crate) completion: bool,
}

/// Reads a text of up to 1,000 characters.
pub(crate) fn parse(text: &str) -> Result<Said, Invalid> {
    if text.chars().count() > LONGEST {
        return Err(Invalid::value("/text", format!("A text has up to {LONGEST} characters.")));
    }
    read(text)
}

/// Reads a text of any length.
pub(crate) fn read(text: &str) -> Result<Said, Invalid> {
    let mut reader = Reader::new(Tokens::new(text));
    reader.all().map_err(|Lost| reader.unknown())?;
    let rule = reader.rule.sorted();
    rule.check().map_err(|detail| Invalid::value("/text", detail))?;
    Ok(Said { rule, completion: reader.completion })
}

/// What has been read so far.
struct Reader<'a> {
    tokens: Tokens<'a>,
    rule: Rule,
    /// How often, and every how many, as far as the words have said so.
    frequency: Option<Frequency>,
    interval: Option<u32>,
    /// Ordinals whose noun is still to come; days of the month when none does.
    pending: Vec<i32>,
    /// Whether the words say that something repeats.
    repeats: bool,
    completion: bool,
    /// What is wrong where the words stop making sense, if that is known.
    why: Option<&'static str>,
}

/// What is said where it is not.
const EXAMPLES: &str =
    "Write it as in every Monday, every 2 weeks on Friday, third Friday of every month, every 3 days until 2026-12-31.";

impl<'a> Reader<'a> {
    fn new(tokens: Tokens<'a>) -> Self {
        let rule = Rule::new(Frequency::Daily);
        Self {
            tokens,
            rule,
            frequency: None,
            interval: None,
            pending: Vec::new(),
            repeats: false,
            completion: false,
            why: None,
        }
    }

    fn unknown(&self) -> Invalid {
        let (place, word) = self.tokens.place();
        let found = word.map_or_else(|| ", its end".to_owned(), |word| format!(", at \"{word}\""));
        let why = self.why.unwrap_or(EXAMPLES);
        let detail = format!("The text stops making sense at character {place}{found}. {why}");
        Invalid { code: "recurrence_text_unknown", detail, pointer: "/text" }
    }

    fn all(&mut self) -> Result<(), Lost> {
        self.head()?;
        while !self.tokens.at_end() {
            self.clause()?;
        }
        self.settle();
        self.rule.frequency = self.frequency.or_else(|| self.inferred()).filter(|_| self.repeats).ok_or(Lost)?;
        self.rule.interval = self.interval.unwrap_or(1);
        Ok(())
    }

    fn head(&mut self) -> Result<(), Lost> {
        const ADVERBS: [(&str, Frequency, u32); 8] = [
            ("daily", Frequency::Daily, 1),
            ("weekly", Frequency::Weekly, 1),
            ("biweekly", Frequency::Weekly, 2),
            ("fortnightly", Frequency::Weekly, 2),
            ("monthly", Frequency::Monthly, 1),
            ("quarterly", Frequency::Monthly, 3),
            ("yearly", Frequency::Yearly, 1),
            ("annually", Frequency::Yearly, 1),
        ];
        if self.tokens.take_any(&["every", "each", "ev"]) {
            return self.every();
        }
        for (adverb, frequency, interval) in ADVERBS {
            if self.tokens.take(adverb) {
                self.repeats = true;
                self.completion |= self.tokens.take("!");
                self.interval = (interval != 1).then_some(interval);
                return self.set_frequency(frequency);
            }
        }
        self.repeats |= self.tokens.peek().is_some_and(is_plural_day);
        self.days()
    }

    /// What follows `every`.
    fn every(&mut self) -> Result<(), Lost> {
        self.repeats = true;
        self.completion |= self.tokens.take("!");
        if self.tokens.take("other") {
            self.set_interval(2)?;
        } else if let Some(number) = self.tokens.number().filter(|_| self.tokens.peek_at(1).is_some_and(is_counted)) {
            self.tokens.skip();
            self.set_interval(number)?;
        } else if let Some(interval) = self.ordinal_interval() {
            self.set_interval(interval)?;
        }
        if self.unit()? { Ok(()) } else { self.days() }
    }

    /// The ordinal of `every 3rd day`, which is every three; but not that of `every 3rd day of the month`.
    fn ordinal_interval(&mut self) -> Option<u32> {
        let (number, length) = self.tokens.ordinal()?;
        let interval = u32::try_from(number).ok()?;
        let unit = self.tokens.peek_at(length).and_then(unit_named)?;
        let of = self.tokens.peek_at(length + 1).is_some_and(|word| word == "of");
        if of && unit.0 == Frequency::Daily {
            return None;
        }
        self.tokens.skip_many(length);
        Some(interval)
    }

    /// `day`, `weeks`, `quarter`.
    fn unit(&mut self) -> Result<bool, Lost> {
        let Some((frequency, times)) = self.tokens.peek().and_then(unit_named) else { return Ok(false) };
        if times != 1 {
            self.interval = Some(self.interval.unwrap_or(1).checked_mul(times).ok_or(Lost)?);
        }
        self.set_frequency(frequency)?;
        self.tokens.skip();
        Ok(true)
    }

    fn clause(&mut self) -> Result<(), Lost> {
        if self.tokens.take_any(&[",", "and"]) && self.tokens.at_end() {
            return Err(Lost);
        }
        if self.tokens.take("of") {
            return self.of();
        }
        self.settle();
        if self.tokens.take("on") {
            return self.days();
        }
        if self.tokens.take("in") {
            return self.within();
        }
        self.ending()
    }

    /// Ordinals without a noun are days of the month.
    fn settle(&mut self) {
        self.rule.month_days.append(&mut self.pending);
    }

    fn set_interval(&mut self, interval: u32) -> Result<(), Lost> {
        if self.interval.replace(interval).is_none() { Ok(()) } else { Err(Lost) }
    }

    fn set_frequency(&mut self, frequency: Frequency) -> Result<(), Lost> {
        if self.frequency.is_some_and(|said| said != frequency) {
            return Err(Lost);
        }
        self.frequency = Some(frequency);
        Ok(())
    }

    /// What words without a unit mean: `every Friday` is weekly, `every 15th` monthly, `every January 27` yearly.
    fn inferred(&self) -> Option<Frequency> {
        let rule = &self.rule;
        let numbered = rule.weekdays.iter().any(|day| day.nth.is_some()) || !rule.positions.is_empty();
        if !rule.year_days.is_empty() || !rule.week_numbers.is_empty() {
            Some(Frequency::Yearly)
        } else if !rule.month_days.is_empty() || numbered {
            Some(if rule.months.is_empty() { Frequency::Monthly } else { Frequency::Yearly })
        } else if !rule.weekdays.is_empty() {
            Some(Frequency::Weekly)
        } else {
            (!rule.months.is_empty()).then_some(Frequency::Yearly)
        }
    }
}

/// A unit, and how many of the frequency it is.
fn unit_named(word: &str) -> Option<(Frequency, u32)> {
    match word {
        "day" | "days" => Some((Frequency::Daily, 1)),
        "week" | "weeks" => Some((Frequency::Weekly, 1)),
        "fortnight" | "fortnights" => Some((Frequency::Weekly, 2)),
        "month" | "months" => Some((Frequency::Monthly, 1)),
        "quarter" | "quarters" => Some((Frequency::Monthly, 3)),
        "year" | "years" => Some((Frequency::Yearly, 1)),
        _ => None,
    }
}

/// Whether a number may stand before it and say every how many.
fn is_counted(word: &str) -> bool {
    unit_named(word).is_some() || (weekday_named(word).is_some() && month_named(word).is_none())
}

fn is_plural_day(word: &str) -> bool {
    matches!(word, "weekdays" | "workdays" | "weekends") || (word.ends_with("days") && weekday_named(word).is_some())
}
