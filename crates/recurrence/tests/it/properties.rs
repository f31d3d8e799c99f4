//! 10,000 random rules in random zones from random dates on, against day after day asked.

use chrono::{DateTime, Days, MappedLocalTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use recurrence::{Next, Occurrences, Recurrence, Written, first_due, next_due};
use serde_json::json;

use crate::calendar::{Form, moment};
use crate::dice::Dice;

const CASES: u64 = 10_000;
/// How many days are asked at most, and for how many occurrences.
const DAYS: u64 = 1_200;
const OCCURRENCES: usize = 25;

fn form(dice: &mut Dice) -> Form {
    let frequency = *dice.pick(&["daily", "weekly", "monthly", "yearly"]);
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let interval = if dice.once_in(2) { 1 } else { dice.between(1, 6) };
    let mut form = Form { frequency, interval, weekdays: Vec::new(), month_days: Vec::new() };
    if frequency != "yearly" && dice.once_in(2) {
        form.weekdays = dice.some(&week, 3).into_iter().map(|weekday| (None, weekday)).collect();
    }
    if frequency == "monthly" && dice.once_in(2) {
        let nths = [1, 2, 3, 4, 5, -1, -2, -5];
        form.weekdays = dice.some(&week, 2).into_iter().map(|weekday| (Some(*dice.pick(&nths)), weekday)).collect();
    }
    if frequency == "monthly" && dice.once_in(2) {
        let days: Vec<i64> = (1..=31).chain(-31..=-1).chain([28, 29, 30, 31, -1]).collect();
        form.month_days = dice.some(&days, 3);
    }
    form
}

fn recurrence(form: &Form, mode: &str) -> Result<Recurrence, recurrence::Invalid> {
    let day = |(nth, weekday): &(Option<i64>, Weekday)| {
        format!("{}{weekday}", nth.map_or(String::new(), |nth| nth.to_string()))
    };
    let mut written = json!({"frequency": form.frequency, "interval": form.interval, "mode": mode});
    if !form.weekdays.is_empty() {
        written["by_weekday"] = form.weekdays.iter().map(day).collect();
    }
    if !form.month_days.is_empty() {
        written["by_month_day"] = json!(form.month_days);
    }
    serde_json::from_value::<Written>(written).unwrap().parse()
}

/// What day after day gives.
fn asked(form: &Form, zone: Tz, first: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let start = first.with_timezone(&zone).naive_local();
    let days = start.date().iter_days().take(usize::try_from(DAYS).unwrap());
    let matching = days.filter(|day| *day == start.date() || form.has(start.date(), *day));
    let moments = matching.map(|day| moment(zone, day.and_time(start.time())));
    let mut moments: Vec<_> = moments.take(OCCURRENCES).collect();
    moments.dedup();
    moments
}

#[test]
fn occurrences_are_what_day_after_day_gives() {
    let mut dice = Dice::new(7);
    let mut compared = 0;
    for case in 0..CASES {
        let (form, zone, first) = (form(&mut dice), dice.zone(), dice.moment());
        let start = first.with_timezone(&zone).naive_local();
        let Ok(recurrence) = recurrence(&form, "schedule") else {
            // Nothing but the 31st that is to be the first Friday, or the like.
            assert!(!form.month_days.is_empty() && !form.weekdays.is_empty(), "case {case}: {form:?}");
            continue;
        };
        let expected = asked(&form, zone, first);
        let Ok(series) = Occurrences::new(&recurrence, zone, start) else {
            assert_eq!(expected.len(), 1, "case {case}: {form:?} never follows {start}");
            continue;
        };
        let context = format!("case {case}: {form:?} in {zone} from {start}");
        let found = series.first(expected.len());
        assert_eq!(found, expected, "{context}");
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{context}: one is not after the other");
        for found in &found {
            assert!(keeps_time(*found, start.time(), zone), "{context}: {found} is another time of the day");
        }
        compared += found.len();
        after_any_moment(&mut dice, &series, &expected, &context);
    }
    assert!(compared > 100_000, "only {compared} occurrences were compared");
}

/// Whether the clocks show `time` at the moment, or would, were it not in a gap.
fn keeps_time(found: DateTime<Utc>, time: NaiveTime, zone: Tz) -> bool {
    let shown = found.with_timezone(&zone).naive_local();
    let in_gap = |back: u64| {
        let skipped = (shown.date() - Days::new(back)).and_time(time);
        zone.from_local_datetime(&skipped) == MappedLocalTime::None && moment(zone, skipped) == found
    };
    shown.time() == time || in_gap(0) || in_gap(1)
}

/// The search for the next one, which does not start at the beginning, finds the same.
fn after_any_moment(dice: &mut Dice, series: &Occurrences, expected: &[DateTime<Utc>], context: &str) {
    let (first, last) = (expected[0], expected[expected.len() - 1]);
    for _ in 0..3 {
        let minutes = dice.between(-3000, (last - first).num_minutes());
        let moment = first + TimeDelta::minutes(minutes);
        if let Some(next) = expected.iter().find(|occurrence| **occurrence > moment) {
            assert_eq!(series.after(moment), Some(*next), "{context}: after {moment}");
        }
    }
    let place = usize::try_from(dice.below(expected.len() as u64)).unwrap();
    if let Some(due) = expected.get(place + 1) {
        let following = series.following(expected[place], 7, expected[place]).next();
        assert_eq!(following, Some(Next { due: *due, spent: 8 }), "{context}");
    }
}

#[test]
fn completions_lead_to_the_first_day_after_them() {
    let mut dice = Dice::new(11);
    for case in 0..CASES {
        let (form, zone, due) = (form(&mut dice), dice.zone(), dice.moment());
        let completed_at = due + TimeDelta::minutes(dice.between(-40_000, 200_000));
        let (Ok(schedule), Ok(completion)) = (recurrence(&form, "schedule"), recurrence(&form, "completion")) else {
            continue;
        };
        let context = format!("case {case}: {form:?} in {zone} due {due} completed {completed_at}");
        let expected = asked(&form, zone, due).into_iter().find(|next| *next > due.max(completed_at));
        if let Some(expected) = expected {
            assert_eq!(next_due(&schedule, zone, None, due, completed_at, None), Some(expected), "{context}");
        }
        let day = completed_at.with_timezone(&zone).date_naive();
        let time = due.with_timezone(&zone).time();
        let anew = (1..DAYS).map(|days| day + Days::new(days)).find(|later| form.has(day, *later));
        if let Some(expected) = anew.map(|day| moment(zone, day.and_time(time))) {
            let next = next_due(&completion, zone, None, due, completed_at, None);
            // A day that is skipped altogether is the day after it.
            assert_eq!(next, Some(expected), "{context}");
        }
    }
}

#[test]
fn a_first_due_date_is_ahead_and_belongs_to_the_rule() {
    let mut dice = Dice::new(13);
    for case in 0..CASES {
        let (form, zone, now) = (form(&mut dice), dice.zone(), dice.moment());
        let Ok(recurrence) = recurrence(&form, "schedule") else { continue };
        let due = first_due(&recurrence, zone, now).unwrap();
        let day = due.with_timezone(&zone).date_naive();
        let context = format!("case {case}: {form:?} in {zone} at {now}: {due}");
        assert!(due > now, "{context}");
        assert!(Form { interval: 1, ..form.clone() }.has(day, day), "{context}");
        let today = now.with_timezone(&zone).date_naive();
        let earlier = today.iter_days().take_while(|earlier| *earlier < day);
        let nine = |day: chrono::NaiveDate| moment(zone, day.and_hms_opt(9, 0, 0).unwrap());
        for earlier in earlier.filter(|earlier| nine(*earlier) > now) {
            assert!(
                !Form { interval: 1, ..form.clone() }.has(earlier, earlier),
                "{context}: {earlier} was passed over"
            );
        }
    }
}
