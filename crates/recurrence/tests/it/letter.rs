//! Raw rules to the letter of RFC 5545: 10,000 random ones give what the `rrule` crate gives on the same wall clock, and each is
//! described in words that mean the same rule.

use chrono::{DateTime, TimeDelta, Utc};
use recurrence::{Occurrences, Written};
use serde_json::json;

use crate::dice::Dice;

const CASES: u64 = 10_000;

/// A rule that is valid as far as its parts go, a weekly one with positions only if that is asked for.
fn rule(dice: &mut Dice, weekly_positions: bool) -> String {
    let frequency = *dice.pick(&["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let mut rule = format!("FREQ={frequency}");
    let mut part = |name: &str, values: Vec<String>| rule.extend([";", name, "=", &values.join(",")]);
    if dice.once_in(2) {
        part("INTERVAL", vec![dice.between(1, 5).to_string()]);
    }
    if dice.once_in(8) {
        part("WKST", vec![(*dice.pick(&["SU", "SA", "WE"])).to_owned()]);
    }
    if dice.once_in(4) {
        part("BYMONTH", numbers(dice, 1, 12, 3));
    }
    let weeks = frequency == "YEARLY" && dice.once_in(6);
    if weeks {
        part("BYWEEKNO", numbers(dice, 1, 52, 2));
    } else if frequency == "YEARLY" && dice.once_in(6) {
        part("BYYEARDAY", numbers(dice, -366, 366, 3));
    }
    if frequency != "WEEKLY" && dice.once_in(4) {
        part("BYMONTHDAY", numbers(dice, -31, 31, 3));
    }
    if weeks || dice.once_in(2) {
        let nth = if weeks || matches!(frequency, "DAILY" | "WEEKLY") { 0 } else { 4 };
        part("BYDAY", weekdays(dice, nth));
    }
    if dice.once_in(6) {
        part("BYHOUR", numbers(dice, 0, 23, 2));
    }
    if dice.once_in(6) {
        part("BYMINUTE", numbers(dice, 0, 59, 2));
    }
    if rule.contains(";BY") && (weekly_positions || frequency != "WEEKLY") && dice.once_in(6) {
        let positions = numbers(dice, -3, 3, 2).join(",");
        rule.extend([";BYSETPOS=", &positions]);
    }
    if dice.once_in(8) {
        rule += ";UNTIL=20451231T120000Z";
    }
    rule
}

fn numbers(dice: &mut Dice, least: i64, most: i64, how_many: u64) -> Vec<String> {
    let all: Vec<_> = (least..=most).filter(|number| *number != 0).map(|number| number.to_string()).collect();
    dice.some(&all, how_many)
}

fn weekdays(dice: &mut Dice, nth: i64) -> Vec<String> {
    let days = dice.some(&["MO", "TU", "WE", "TH", "FR", "SA", "SU"], 3);
    if nth == 0 || dice.once_in(2) {
        return days.into_iter().map(str::to_owned).collect();
    }
    days.into_iter().map(|day| format!("{}{day}", numbers(dice, -nth, nth, 1)[0])).collect()
}

#[test]
fn raw_rules_give_what_another_implementation_gives() {
    let mut dice = Dice::new(17);
    let (mut compared, mut never) = (0, 0);
    for case in 0..CASES {
        // The other implementation counts the positions of the first week from the start on.
        let (rule, start) = (rule(&mut dice, false), dice.moment());
        let written: Written = serde_json::from_value(json!({"rrule": rule})).unwrap();
        let read =
            written.parse().and_then(|recurrence| Occurrences::new(&recurrence, chrono_tz::UTC, start.naive_utc()));
        let series = match read {
            Ok(series) => series,
            Err(invalid) => {
                assert!(matches!(invalid.code, "recurrence_never" | "recurrence_ended"), "{rule}: {invalid}");
                never += 1;
                continue;
            }
        };
        let expected = another(&rule, start, 6);
        // What the rule itself names: the start is the first occurrence, whether or not the rule matches it.
        let mut found = series.first(expected.len() + 1);
        if expected.first() != Some(&start) {
            found.remove(0);
        }
        found.truncate(expected.len());
        assert_eq!(found, expected, "case {case}: {rule} from {start}");
        if let Some(middle) = expected.get(2) {
            let before = *middle - TimeDelta::seconds(1);
            assert_eq!(series.after(before), Some(*middle), "case {case}: {rule} from {start} after {before}");
        }
        compared += found.len();
    }
    assert!(compared > 30_000 && never < 2_000, "{compared} compared, {never} never");
}

fn another(rule: &str, start: DateTime<Utc>, limit: u16) -> Vec<DateTime<Utc>> {
    let rule: rrule::RRule<rrule::Unvalidated> = rule.parse().unwrap();
    let set = rule.build(start.with_timezone(&rrule::Tz::UTC)).unwrap();
    set.all(limit).dates.into_iter().map(|date| date.to_utc()).collect()
}

#[test]
fn each_rule_is_described_in_words_that_mean_it() {
    let mut dice = Dice::new(19);
    for case in 0..CASES {
        let end = *dice.pick(&["", "", ";COUNT=1", ";COUNT=12", ";UNTIL=20401231", ";UNTIL=20401231T103000"]);
        let rule = rule(&mut dice, true);
        let rule = if rule.contains("UNTIL") { rule } else { rule + end };
        let mode = *dice.pick(&["schedule", "completion"]);
        let Ok(raw) = serde_json::from_value::<Written>(json!({"rrule": rule, "mode": mode})).unwrap().parse() else {
            continue;
        };
        let context = format!("case {case}: {rule}: {}", raw.text);
        let read = serde_json::from_value::<Written>(json!({"text": raw.text})).unwrap().parse();
        let read = read.unwrap_or_else(|invalid| panic!("{context}: {invalid}"));
        assert_eq!((&read.rrule, &read.text, read.mode), (&raw.rrule, &raw.text, raw.mode), "{context}");
        // What was answered may be sent back as it is.
        for answered in [raw, read] {
            let again = serde_json::from_value::<Written>(json!(answered)).unwrap().parse();
            assert_eq!(again.as_ref(), Ok(&answered), "{context}");
        }
    }
}
