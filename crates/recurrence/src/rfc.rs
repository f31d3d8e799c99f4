//! Reads a rule as RFC 5545 §3.3.10 writes it.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, Weekday};

use crate::invalid::Invalid;
use crate::rule::{Day, End, Frequency, Rule, Until, weekday_of_code};

/// How long a rule may be, in characters.
const LONGEST: usize = 1000;

/// Reads `FREQ=WEEKLY;BYDAY=MO`, with or without `RRULE:` before it, in any case and order.
pub(crate) fn parse(text: &str) -> Result<Rule, Invalid> {
    read(text).map_err(|detail| Invalid::value("/rrule", detail))
}

fn read(text: &str) -> Result<Rule, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("A rule has up to {LONGEST} characters."));
    }
    let text = text.trim().to_ascii_uppercase();
    if text.contains("DTSTART") {
        return Err("Leave DTSTART out: a series starts at the due date.".to_owned());
    }
    let parts = text.strip_prefix("RRULE:").unwrap_or(&text).split(';');
    let parts = parts.map(named).collect::<Result<Vec<_>, _>>()?;
    let (_, frequency) =
        parts.iter().find(|(name, _)| *name == "FREQ").ok_or("A rule has a FREQ: FREQ=WEEKLY;BYDAY=MO.")?;
    let mut rule = Rule::new(frequency_of(frequency)?);
    for (index, (name, value)) in parts.iter().enumerate() {
        if parts.iter().take(index).any(|(before, _)| before == name) {
            return Err(format!("{name} is there twice."));
        }
        set(&mut rule, name, value)?;
    }
    let rule = rule.sorted();
    rule.check()?;
    Ok(rule)
}

fn named(part: &str) -> Result<(&str, &str), String> {
    let named = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    named
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or_else(|| "A rule is parts such as FREQ=WEEKLY;BYDAY=MO (RFC 5545, section 3.3.10).".to_owned())
}

fn frequency_of(value: &str) -> Result<Frequency, String> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "HOURLY" | "MINUTELY" | "SECONDLY" => {
            Err(format!("Tasks do not repeat {}; use DAILY, WEEKLY, MONTHLY or YEARLY.", value.to_lowercase()))
        }
        _ => Err("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.".to_owned()),
    }
}

fn set(rule: &mut Rule, name: &str, value: &str) -> Result<(), String> {
    let both = || "Give COUNT or UNTIL, not both.".to_owned();
    match name {
        "FREQ" => {}
        "INTERVAL" => rule.interval = number(name, value)?,
        "WKST" => rule.week_start = weekday(value)?,
        "BYMONTH" => rule.months = numbers(name, value)?,
        "BYWEEKNO" => rule.week_numbers = numbers(name, value)?,
        "BYYEARDAY" => rule.year_days = numbers(name, value)?,
        "BYMONTHDAY" => rule.month_days = numbers(name, value)?,
        "BYDAY" => rule.weekdays = value.split(',').map(day).collect::<Result<_, _>>()?,
        "BYHOUR" => rule.hours = numbers(name, value)?,
        "BYMINUTE" => rule.minutes = numbers(name, value)?,
        "BYSETPOS" => rule.positions = numbers(name, value)?,
        "COUNT" | "UNTIL" if rule.end != End::Never => return Err(both()),
        "COUNT" => rule.end = End::Count(number(name, value)?),
        "UNTIL" => rule.end = End::Until(until(value)?),
        "BYSECOND" => return Err("Leave BYSECOND out: tasks do not repeat within a minute.".to_owned()),
        _ => return Err(format!("{} is not a part of a rule that is known here.", shown(name))),
    }
    Ok(())
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} is a whole number, not {}.", shown(value)))
}

fn numbers<T: FromStr>(name: &str, value: &str) -> Result<Vec<T>, String> {
    value.split(',').map(|value| number(name, value.trim())).collect()
}

fn weekday(value: &str) -> Result<Weekday, String> {
    weekday_of_code(value).ok_or_else(|| format!("Weekdays are MO, TU, WE, TH, FR, SA and SU, not {}.", shown(value)))
}

fn day(value: &str) -> Result<Day, String> {
    let value = value.trim();
    let (nth, code) = value.split_at_checked(value.len().saturating_sub(2)).unwrap_or(("", value));
    let nth = if nth.is_empty() { None } else { Some(number("BYDAY", nth)?) };
    Ok(Day { nth, weekday: weekday(code)? })
}

fn until(value: &str) -> Result<Until, String> {
    let moment = value.strip_suffix('Z').map(|time| NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%S"));
    let read = match moment {
        Some(moment) => moment.ok().map(|moment| Until::Moment(moment.and_utc())),
        None => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S")
            .map(Until::Wall)
            .or_else(|_| NaiveDate::parse_from_str(value, "%Y%m%d").map(Until::Day))
            .ok(),
    };
    read.ok_or_else(|| "UNTIL is as in 20261231T090000Z or 20261231.".to_owned())
}

/// What somebody wrote, in a message: not more of it than is needed.
fn shown(value: &str) -> String {
    value.chars().take(20).collect()
}
