//! A recurrence as somebody wrote it, in one of its three forms.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::de::value::StringDeserializer;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::invalid::Invalid;
use crate::occurrences::Occurrences;
use crate::recurrence::{CatchUp, Generate, Mode, Recurrence};
use crate::rule::{Day, End, Frequency, Rule, Until, weekday_of_code};
use crate::text::Said;
use crate::words::{self, weekday_named};
use crate::{rfc, text};

/// A recurrence in one of three forms: by `frequency`, as an RFC 5545 `rrule`, or as `text`. What was answered may be sent back
/// as it is: a form beside another is taken when it says the same.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WrittenRecurrence)]
pub struct Written {
    #[serde(default, deserialize_with = "word")]
    frequency: Option<Frequency>,
    /// Every how many days, weeks, months or years; 1 unless given.
    #[schema(minimum = 1, maximum = 1000)]
    interval: Option<u32>,
    /// `MO` … `SU` (RFC 5545 §3.3.10), or `mon`, `Monday`; with a number for the nth of a month: `3FR`, `-1SU`.
    #[schema(min_items = 1)]
    by_weekday: Option<Vec<String>>,
    /// 1 to 31, or -1 to -31 from the end of the month.
    #[schema(min_items = 1)]
    by_month_day: Option<Vec<i32>>,
    /// After how many occurrences it ends.
    #[schema(minimum = 1, maximum = 10000)]
    count: Option<u32>,
    /// When it ends, inclusive: a moment (RFC 3339), or a date, which is that whole day on the wall clock.
    until: Option<String>,
    /// An RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=MO`.
    #[schema(max_length = 1000)]
    rrule: Option<String>,
    /// Plain words such as `every Monday`, `third Friday of every month`, `every 2 weeks until 2026-12-31`.
    #[schema(max_length = 1000)]
    text: Option<String>,
    #[serde(default, deserialize_with = "word")]
    mode: Option<Mode>,
    #[serde(default, deserialize_with = "word")]
    generate: Option<Generate>,
    #[serde(default, deserialize_with = "word")]
    catch_up: Option<CatchUp>,
}

impl Written {
    /// What was stored, to be read again.
    pub(crate) fn again(recurrence: Recurrence, mode: Option<Mode>) -> Self {
        let Recurrence { frequency, interval, by_weekday, by_month_day, count, until, .. } = recurrence;
        let (rrule, text) = (recurrence.rrule, recurrence.text);
        Self {
            frequency,
            interval,
            by_weekday,
            by_month_day,
            count,
            until,
            rrule: Some(rrule).filter(|rrule| !rrule.is_empty()),
            text: Some(text).filter(|text| !text.is_empty()),
            mode,
            generate: recurrence.generate,
            catch_up: recurrence.catch_up,
        }
    }

    /// What it means.
    ///
    /// # Errors
    /// `recurrence_form`, `recurrence_invalid`, `recurrence_text_unknown` and `recurrence_never`, each at its place.
    pub fn parse(self) -> Result<Recurrence, Invalid> {
        let (rule, simple) = self.rule()?;
        let said = self.said(&rule)?;
        let mode = self.mode(said.as_ref())?;
        if self.generate.is_some() && mode == Mode::Completion {
            return Err(Invalid::form(
                "/generate",
                "generate goes with mode schedule: a completion has nothing ahead.",
            ));
        }
        if self.catch_up.is_some() && self.generate.is_none() {
            return Err(Invalid::form("/catch_up", "catch_up goes with generate ahead."));
        }
        check_matches(&rule, simple)?;
        Ok(Recurrence { generate: self.generate, catch_up: self.catch_up, ..Recurrence::new(&rule, simple, mode) })
    }

    /// The rule, and whether it is a simple form.
    fn rule(&self) -> Result<(Rule, bool), Invalid> {
        if self.frequency.is_none() && self.has_parts() {
            let detail = "interval, by_weekday, by_month_day, count and until go with frequency.";
            return Err(Invalid::form("", detail));
        }
        match (self.frequency, &self.rrule, &self.text) {
            (Some(frequency), rrule, _) => {
                let rule = self.structured(frequency)?;
                let rrule = rrule.as_deref().map(rfc::parse).transpose()?;
                if rrule.is_some_and(|rrule| rrule.to_string() != rule.to_string()) {
                    return Err(differs("/rrule", "rrule"));
                }
                Ok((rule, true))
            }
            (None, Some(rrule), _) => Ok((rfc::parse(rrule)?, false)),
            (None, None, Some(text)) => {
                let rule = text::parse(text)?.rule;
                let simple = rule.is_simple();
                Ok((rule, simple))
            }
            (None, None, None) => Err(Invalid::form("", "Give frequency, rrule or text.")),
        }
    }

    /// What the text says, which must be no other rule.
    fn said(&self, rule: &Rule) -> Result<Option<Said>, Invalid> {
        let Some(text) = &self.text else { return Ok(None) };
        let described =
            [Mode::Schedule, Mode::Completion].into_iter().find(|mode| words::describe(rule, *mode) == *text);
        if let Some(mode) = described {
            return Ok(Some(Said { rule: rule.clone(), completion: mode == Mode::Completion }));
        }
        let said = text::parse(text)?;
        if said.rule.to_string() == rule.to_string() { Ok(Some(said)) } else { Err(differs("/text", "text")) }
    }

    fn mode(&self, said: Option<&Said>) -> Result<Mode, Invalid> {
        match (self.mode, said.is_some_and(|said| said.completion)) {
            (Some(Mode::Schedule), true) => {
                Err(Invalid::form("/mode", "The text counts from completion; leave out mode, or give other words."))
            }
            (_, true) => Ok(Mode::Completion),
            (mode, false) => Ok(mode.unwrap_or_default()),
        }
    }

    fn has_parts(&self) -> bool {
        self.interval.is_some()
            || self.by_weekday.is_some()
            || self.by_month_day.is_some()
            || self.count.is_some()
            || self.until.is_some()
    }

    fn structured(&self, frequency: Frequency) -> Result<Rule, Invalid> {
        let mut rule = Rule::new(frequency);
        rule.interval = self.interval.unwrap_or(1);
        rule.weekdays = self.weekdays(frequency)?;
        rule.month_days = self.month_days(frequency)?;
        rule.end = self.end()?;
        let checks = [
            ((1..=1000).contains(&rule.interval), "/interval", "An interval is 1 to 1000."),
            (self.count.is_none_or(|count| (1..=10_000).contains(&count)), "/count", "A count is 1 to 10000."),
        ];
        if let Some((_, pointer, detail)) = checks.into_iter().find(|(kept, ..)| !kept) {
            return Err(Invalid::value(pointer, detail));
        }
        let rule = rule.sorted();
        rule.check().map_err(|detail| Invalid::value("", detail))?;
        Ok(rule)
    }

    fn weekdays(&self, frequency: Frequency) -> Result<Vec<Day>, Invalid> {
        let Some(given) = &self.by_weekday else { return Ok(Vec::new()) };
        let wrong = |detail| Invalid::value("/by_weekday", detail);
        if given.is_empty() || given.len() > 100 {
            return Err(wrong("Give at least one weekday, and none twice."));
        }
        if frequency == Frequency::Yearly {
            return Err(wrong("by_weekday goes with daily, weekly and monthly. For a yearly rule, give an rrule."));
        }
        let days = given.iter().map(|day| weekday(day)).collect::<Option<Vec<_>>>();
        let days = days.ok_or_else(|| wrong("Weekdays are MO, TU, WE, TH, FR, SA and SU, as in 3FR or -1SU."))?;
        let nths = || days.iter().filter_map(|day| day.nth);
        if nths().next().is_some() && frequency != Frequency::Monthly {
            return Err(wrong("A number before a weekday is the nth of a month: give frequency monthly."));
        }
        if nths().any(|nth| !(1..=5).contains(&nth.unsigned_abs())) {
            return Err(wrong("The number before a weekday is 1 to 5, or -1 to -5 from the end of the month."));
        }
        if repeats(&days) {
            return Err(wrong("Give at least one weekday, and none twice."));
        }
        Ok(days)
    }

    fn month_days(&self, frequency: Frequency) -> Result<Vec<i32>, Invalid> {
        let Some(given) = &self.by_month_day else { return Ok(Vec::new()) };
        let wrong = |detail| Invalid::value("/by_month_day", detail);
        if frequency != Frequency::Monthly {
            return Err(wrong("by_month_day goes with monthly."));
        }
        if given.is_empty() || given.len() > 62 || repeats(given) {
            return Err(wrong("Give at least one day of the month, and none twice."));
        }
        if given.iter().any(|day| !(1..=31).contains(&day.unsigned_abs())) {
            return Err(wrong("Days of the month are 1 to 31, or -1 to -31 from its end."));
        }
        Ok(given.clone())
    }

    fn end(&self) -> Result<End, Invalid> {
        match (self.count, &self.until) {
            (Some(_), Some(_)) => Err(Invalid::value("/until", "Give count or until, not both.")),
            (Some(count), None) => Ok(End::Count(count)),
            (None, Some(until)) => {
                let detail = "Give a date and time with offset, such as 2026-12-31T09:00:00Z, or a date: 2026-12-31.";
                let until = parse_until(until);
                until.map(End::Until).ok_or(Invalid { code: "date_invalid", ..Invalid::value("/until", detail) })
            }
            (None, None) => Ok(End::Never),
        }
    }
}

/// One of a few words. An enumeration by itself is also read from an object, `{"daily": null}`, and anything else that is no string is
/// told as broken JSON.
fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(written: D) -> Result<Option<T>, D::Error> {
    let word = Option::<String>::deserialize(written)?;
    word.map(|word| T::deserialize(StringDeserializer::<D::Error>::new(word))).transpose()
}

fn differs(pointer: &'static str, member: &str) -> Invalid {
    let detail = format!("{member} says something else than the rest; leave it out, or make it say the same.");
    Invalid::form(pointer, detail)
}

fn repeats<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(index, value)| values.iter().take(index).any(|before| before == value))
}

/// `MO`, `3FR`, `monday`.
fn weekday(text: &str) -> Option<Day> {
    let at = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, name) = text.split_at_checked(at)?;
    let nth = if number.is_empty() { None } else { Some(number.parse().ok()?) };
    Some(Day { nth, weekday: weekday_of_code(name).or_else(|| weekday_named(name))? })
}

/// A moment (RFC 3339) in whole seconds, or a date.
pub(crate) fn parse_until(text: &str) -> Option<Until> {
    let known = |year: i32| (1..=9999).contains(&year);
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return known(day.year()).then_some(Until::Day(day));
    }
    let moment = DateTime::parse_from_rfc3339(text).ok()?.timestamp();
    let moment = DateTime::<Utc>::from_timestamp(moment, 0)?;
    known(moment.year()).then_some(Until::Moment(moment))
}

/// Refuses a rule that no day matches, wherever it starts.
fn check_matches(rule: &Rule, simple: bool) -> Result<(), Invalid> {
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).and_then(|day| day.and_hms_opt(9, 0, 0));
    let every = Rule { interval: 1, end: End::Never, ..rule.clone() };
    let matched =
        first.is_none_or(|first| Occurrences::of(every, simple, chrono_tz::UTC, first).matches().next().is_some());
    if matched { Ok(()) } else { Err(Invalid::never()) }
}
