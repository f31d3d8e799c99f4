//! How a task repeats: what the crate `recurrence` reads and counts, refused in the domain's own way.

pub use recurrence::{Recurrence, Written};

use chrono::{DateTime, Utc};
use recurrence::Occurrences;

use super::invalid::Invalid;
use super::timezone::TimeZone;

impl From<recurrence::Invalid> for Invalid {
    fn from(invalid: recurrence::Invalid) -> Self {
        Self::new(invalid.code, invalid.detail).at(invalid.pointer)
    }
}

/// When the first instance is due: at `due_date` if it has one, else when the rule first says after `now`.
///
/// # Errors
/// `recurrence_never`, `recurrence_ended`.
pub fn first_due(
    recurrence: &Recurrence,
    timezone: TimeZone,
    due_date: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Invalid> {
    let zone = timezone.zone();
    let due = due_date.map_or_else(|| recurrence::first_due(recurrence, zone, now), Ok)?;
    series(recurrence, timezone, due)?;
    Ok(due)
}

/// The series that starts at `first_due`.
///
/// # Errors
/// `recurrence_never`, `recurrence_ended`.
pub fn series(recurrence: &Recurrence, timezone: TimeZone, first_due: DateTime<Utc>) -> Result<Occurrences, Invalid> {
    let zone = timezone.zone();
    Ok(Occurrences::new(recurrence, zone, first_due.with_timezone(&zone).naive_local())?)
}
