//! The next due date after a completion, and the first one of a task that has none.

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::invalid::Invalid;
use crate::occurrences::Occurrences;
use crate::recurrence::{Mode, Recurrence};
use crate::rule::{End, Rule};
use crate::wall;

/// When the instance after the one that was `due` is due, now that this one is completed; nothing when the series ends.
///
/// By schedule it is the first occurrence after both the due date and the completion; from completion, the rule begun anew on
/// the local day of completion, at the local time of the due date: its first occurrence after that day.
///
/// COUNT counts occurrences from `first`, the first due date of the series; from completion it counts instances, of which this
/// one was number `occurrence`. When neither is known, this is taken to be the last that a COUNT allows.
pub fn next_due(
    recurrence: &Recurrence,
    zone: Tz,
    first: Option<DateTime<Utc>>,
    due: DateTime<Utc>,
    completed_at: DateTime<Utc>,
    occurrence: Option<u32>,
) -> Option<DateTime<Utc>> {
    let rule = recurrence.rule().ok()?;
    match recurrence.mode {
        Mode::Schedule => {
            let rule = if first.is_some() { rule } else { counted_from(rule, occurrence)? };
            let start = wall::time(zone, first.unwrap_or(due));
            Occurrences::of(rule, recurrence.clamps(), zone, start).after(due.max(completed_at))
        }
        Mode::Completion => {
            let Rule { end, .. } = counted_from(rule.clone(), occurrence)?;
            let end = if let End::Count(count) = end { (count > 1).then_some(End::Never)? } else { end };
            let day = wall::time(zone, completed_at).date();
            let start = day.and_time(wall::time(zone, due).time());
            let series = Occurrences::of(Rule { end, ..rule }, recurrence.clamps(), zone, start);
            series.matches().find(|moment| wall::time(zone, *moment).date() > day)
        }
    }
}

/// What is left of a COUNT from instance number `occurrence` on; nothing when it is past the last.
fn counted_from(rule: Rule, occurrence: Option<u32>) -> Option<Rule> {
    let End::Count(count) = rule.end else { return Some(rule) };
    let before = occurrence.map_or(count.saturating_sub(1), |occurrence| occurrence.saturating_sub(1));
    let left = count.checked_sub(before).filter(|left| *left > 0)?;
    Some(Rule { end: End::Count(left), ..rule })
}

/// When a task without a due date is first due: on the first day from today on that the rule matches, at 09:00 in its zone
/// unless the rule names the time; on the next one when that has passed.
///
/// # Errors
/// `recurrence_ended` when the rule ends before, `recurrence_never` when it matches no day.
pub fn first_due(recurrence: &Recurrence, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, Invalid> {
    let rule = Rule { interval: 1, ..recurrence.rule()? };
    let ends = matches!(rule.end, End::Until(_));
    let today = wall::time(zone, now).date();
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let mut starts = [Some(today), today.checked_add_days(Days::new(1))].into_iter().flatten();
    let first_from = |start: NaiveDateTime| {
        let series = Occurrences::of(rule.clone(), recurrence.clamps(), zone, start);
        series.matches().find(|moment| *moment > now)
    };
    let today_first = starts.next().and_then(|day| first_from(day.and_time(nine)));
    let on_today = today_first.filter(|moment| wall::time(zone, *moment).date() == today);
    let found = on_today.or_else(|| starts.next().and_then(|day| first_from(day.and_time(nine))));
    found.ok_or_else(|| if ends { Invalid::ended() } else { Invalid::never() })
}
