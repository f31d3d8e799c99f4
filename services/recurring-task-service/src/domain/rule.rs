//! What the rule of a series says. Everything that is counted, is counted by the crate `recurrence`.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use recurrence::{CatchUp, Generate, Mode, Next, Occurrences, Recurrence, wall};

use super::series::Series;

/// Instances that were missed and are made up for at most: the last ones. It is for a downtime, and not for a series that begins in the past.
const MOST_MISSED: usize = 100;

/// When a task that has no due date is first due.
pub(crate) fn first_due(recurrence: &Recurrence, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    recurrence::first_due(recurrence, zone, now).ok()
}

/// The next instance, if the latest one was done then; `None` when it was the last.
pub(crate) fn next(series: &Series, completed_at: DateTime<Utc>) -> Option<Next> {
    if series.occurrence < series.first_occurrence {
        return said(series);
    }
    match series.recurrence.mode {
        Mode::Schedule => after(series, completed_at),
        Mode::Completion => {
            let Series { recurrence, zone, due, spent, .. } = series;
            let due = recurrence::next_due(recurrence, *zone, None, *due, completed_at, Some(*spent))?;
            Some(Next { due, spent: spent.saturating_add(1) })
        }
    }
}

/// The next instance, whether or not the latest one is done. What was missed is left out, unless all is to be made up for.
pub(crate) fn on_schedule(series: &Series, now: DateTime<Utc>) -> Option<Next> {
    if series.occurrence < series.first_occurrence {
        said(series)
    } else if series.recurrence.catch_up == Some(CatchUp::All) {
        missed(series, now)
    } else {
        after(series, now)
    }
}

/// The next instance, where somebody has said when it is due.
fn said(series: &Series) -> Option<Next> {
    let is_left = series.recurrence.most().is_none_or(|most| series.spent < most);
    let due = wall::moment(series.zone, series.first_local);
    is_left.then_some(Next { due, spent: series.spent.saturating_add(1) })
}

/// The first one after the latest and after `moment` that the rule names.
fn after(series: &Series, moment: DateTime<Utc>) -> Option<Next> {
    named(series)?.following(series.due, series.spent, moment).next()
}

/// The first one after the latest that was missed since the series is there, of the last [`MOST_MISSED`]; where none was, the first after `now`.
fn missed(series: &Series, now: DateTime<Utc>) -> Option<Next> {
    let named = named(series)?;
    let mut missed = VecDeque::with_capacity(MOST_MISSED + 1);
    for next in named.following(series.due, series.spent, series.created_at) {
        if next.due > now {
            return missed.pop_front().or(Some(next));
        }
        missed.push_back(next);
        if missed.len() > MOST_MISSED {
            missed.pop_front();
        }
    }
    missed.pop_front()
}

fn named(series: &Series) -> Option<Occurrences> {
    let named = Occurrences::new(&series.recurrence, series.zone, series.first_local);
    named.inspect_err(|error| tracing::warn!(series_id = %series.id, %error, "a rule names no moment")).ok()
}

/// Whether the next instance is made when its window opens, rather than when this one is done.
pub(crate) fn is_ahead(series: &Series) -> bool {
    series.recurrence.generate == Some(Generate::Ahead)
}

/// Whether the schedule alone says when the next instance is due, rather than when this one was done.
pub(crate) fn keeps_schedule(series: &Series) -> bool {
    series.recurrence.mode == Mode::Schedule
}
