//! The table. Numbers are those of the list of behaviours that a stand-in for daprd has to show; several cases may share one.

mod delivery;
mod invoke;
mod jobs;
mod process;
mod publish;

use crate::case::Row;

/// Every row, by number.
pub(crate) fn all() -> Vec<Row> {
    let rooms = [publish::rows(), delivery::rows(), jobs::rows(), invoke::rows(), process::rows()];
    let mut rows: Vec<Row> = rooms.into_iter().flatten().collect();
    rows.sort_by_key(|row| row.number);
    rows
}
