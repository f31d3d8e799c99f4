//! A rule in plain English, in words that [`crate::text`] reads as the same rule.

use chrono::Weekday;

use crate::recurrence::Mode;
use crate::rule::{Day, End, Frequency, Rule, Until, WEEK};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The weekday of a name in English, in any case: `monday`, `mondays`, `mon`, `tues`, `thur`.
pub(crate) fn weekday_named(word: &str) -> Option<Weekday> {
    let word = word.to_ascii_lowercase();
    let known = |name: &str| word == name || (word.len() >= 3 && name.starts_with(&word));
    let is = |name: &str| known(name) || word.strip_suffix('s') == Some(name);
    WEEK.into_iter().zip(DAYS).find(|(_, name)| is(&name.to_ascii_lowercase())).map(|(day, _)| day)
}

/// The number of a month from its name in English, in any case: `january`, `jan`, `sept`.
pub(crate) fn month_named(word: &str) -> Option<u32> {
    let word = word.to_ascii_lowercase();
    let is = |name: &&str| word.len() >= 3 && name.to_ascii_lowercase().starts_with(&word);
    MONTHS.iter().position(is).and_then(|place| u32::try_from(place + 1).ok())
}

/// The days that are worked, which English has a word for.
pub(crate) fn workdays() -> Vec<Day> {
    WEEK.into_iter().take(5).map(|weekday| Day { nth: None, weekday }).collect()
}

/// `every Monday`, `every 2 weeks on Friday`, `every month on the 3rd Friday until 2026-12-31`.
pub(crate) fn describe(rule: &Rule, mode: Mode) -> String {
    let mut text = "every ".to_owned();
    let head = head(rule);
    text += &head.words;
    let mut clause = |introduction: &str, words: String| {
        if !words.is_empty() {
            text = format!("{text}{introduction}{words}");
        }
    };
    clause(" in week ", joined(&rule.week_numbers));
    if !head.says_month {
        clause(" in ", join(&rule.months.iter().map(|month| month_name(*month).to_owned()).collect::<Vec<_>>()));
        clause(" on the ", month_days(&rule.month_days));
    }
    clause(" on the ", year_days(&rule.year_days));
    if !head.says_weekdays {
        clause(" on ", weekdays(&rule.weekdays, "weekdays"));
    }
    clause(" at ", times(rule));
    clause(", only the ", ordinals(&rule.positions));
    if !rule.positions.is_empty() {
        text += " of them";
    }
    if rule.week_start != Weekday::Mon {
        text = format!("{text} with weeks from {}", day_name(rule.week_start));
    }
    if mode == Mode::Completion {
        text += " after completion";
    }
    text + &end(rule.end)
}

/// The beginning, and what of the rule it says already.
struct Head {
    words: String,
    says_weekdays: bool,
    says_month: bool,
}

fn head(rule: &Rule) -> Head {
    let plain = Head { words: unit(rule), says_weekdays: false, says_month: false };
    if rule.interval != 1 {
        return plain;
    }
    match (rule.frequency, &*rule.months, &*rule.month_days) {
        // Positions are counted within the week, which is said then: without it they would be those of a month.
        (Frequency::Weekly, ..) if !rule.weekdays.is_empty() && rule.positions.is_empty() => {
            Head { words: weekdays(&rule.weekdays, "weekday"), says_weekdays: true, ..plain }
        }
        (Frequency::Yearly, [month], [day]) if *day > 0 && rule.week_numbers.is_empty() => {
            Head { words: format!("{} {day}", month_name(*month)), says_month: true, ..plain }
        }
        _ => plain,
    }
}

fn unit(rule: &Rule) -> String {
    let unit = match rule.frequency {
        Frequency::Daily => "day",
        Frequency::Weekly => "week",
        Frequency::Monthly => "month",
        Frequency::Yearly => "year",
    };
    if rule.interval == 1 { unit.to_owned() } else { format!("{} {unit}s", rule.interval) }
}

fn weekdays(days: &[Day], worked: &str) -> String {
    if days == workdays() {
        return worked.to_owned();
    }
    let name = |day: &Day| match day.nth {
        None => day_name(day.weekday).to_owned(),
        Some(nth) => format!("the {} {}", ordinal(nth), day_name(day.weekday)),
    };
    join(&days.iter().map(name).collect::<Vec<_>>())
}

/// `1st and 15th`, `15th and last day`.
fn month_days(days: &[i32]) -> String {
    let noun = if days.iter().any(|day| *day < 0) { " day" } else { "" };
    ordinals(days) + noun
}

fn year_days(days: &[i32]) -> String {
    if days.is_empty() { String::new() } else { ordinals(days) + " day of the year" }
}

fn times(rule: &Rule) -> String {
    let at = |hour: &u32, minute: &u32| format!("{hour:02}:{minute:02}");
    match (&*rule.hours, &*rule.minutes) {
        ([], []) => String::new(),
        (hours, []) => format!("hour {}", joined(hours)),
        ([], minutes) => format!("minute {}", joined(minutes)),
        (hours, minutes) => {
            let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| at(hour, minute)));
            join(&times.collect::<Vec<_>>())
        }
    }
}

fn end(end: End) -> String {
    match end {
        End::Never => String::new(),
        End::Count(1) => ", 1 time".to_owned(),
        End::Count(count) => format!(", {count} times"),
        End::Until(Until::Moment(moment)) => format!(" until {}", moment.format("%Y-%m-%dT%H:%M:%SZ")),
        End::Until(Until::Wall(time)) => format!(" until {}", time.format("%Y-%m-%dT%H:%M:%S")),
        End::Until(Until::Day(day)) => format!(" until {day}"),
    }
}

fn day_name(weekday: Weekday) -> &'static str {
    WEEK.iter().zip(DAYS).find(|(day, _)| **day == weekday).map_or("", |(_, name)| name)
}

fn month_name(month: u32) -> &'static str {
    let place = usize::try_from(month).ok().and_then(|month| month.checked_sub(1));
    place.and_then(|place| MONTHS.get(place).copied()).unwrap_or_default()
}

fn ordinals(numbers: &[i32]) -> String {
    join(&numbers.iter().map(|number| ordinal(*number)).collect::<Vec<_>>())
}

/// `1st`, `22nd`; from the end `last`, `2nd last`.
fn ordinal(number: i32) -> String {
    let count = number.unsigned_abs();
    let suffix = match (count % 10, count % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    match number {
        -1 => "last".to_owned(),
        ..-1 => format!("{count}{suffix} last"),
        _ => format!("{count}{suffix}"),
    }
}

fn joined<T: ToString>(values: &[T]) -> String {
    join(&values.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn join(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
