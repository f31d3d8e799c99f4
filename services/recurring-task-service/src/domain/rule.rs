//! What the rule of a series says. Everything that is counted, is counted by the crate `recurrence`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use recurrence::{CatchUp, Generate, Mode, Next, Recurrence, Series as Occurrences};

use super::series::Series;
use super::wall_clock;

/// When a task that has no due date is first due.
pub(crate) fn first_due(recurrence: &Recurrence, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    recurrence::first_due(recurrence, zone, now).ok()
}

/// The next instance, if the latest one was done then; `None` when it was the last.
pub(crate) fn next(series: &Series, completed_at: DateTime<Utc>) -> Option<Next> {
    match series.recurrence.mode {
        Mode::Schedule => after(series, completed_at),
        Mode::Completion => {
            let Series { recurrence, zone, due, spent, .. } = series;
            let due = recurrence::next_due(recurrence, *zone, None, *due, completed_at, Some(*spent))?;
            Some(Next { due, spent: spent.saturating_add(1) })
        }
    }
}

/// The first one after the latest and after `moment` that the rule names.
pub(crate) fn after(series: &Series, moment: DateTime<Utc>) -> Option<Next> {
    let named = Occurrences::new(&series.recurrence, series.zone, series.first_local);
    let named = named.inspect_err(|error| tracing::warn!(series_id = %series.id, %error, "a rule names no moment"));
    named.ok()?.following(series.due, series.spent, moment).next()
}

/// Whether the next instance is made when its window opens, rather than when this one is done.
pub(crate) fn is_ahead(series: &Series) -> bool {
    series.recurrence.generate == Some(Generate::Ahead)
}

/// Whether each instance that was missed is made, rather than one for all.
pub(crate) fn makes_up_for_all(series: &Series) -> bool {
    series.recurrence.catch_up == Some(CatchUp::All)
}

/// Whether the schedule alone says when the next instance is due, rather than when this one was done.
pub(crate) fn keeps_schedule(series: &Series) -> bool {
    series.recurrence.mode == Mode::Schedule
}
