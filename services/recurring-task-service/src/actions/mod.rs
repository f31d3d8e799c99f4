//! What can be done, a file each.

mod ask_backend;
pub(crate) mod change_series;
pub(crate) mod follow_task;
pub(crate) mod make_instances;
pub(crate) mod move_zone;
pub(crate) mod open_windows;
pub(crate) mod purge_occurrences;
pub(crate) mod schedule_jobs;
mod settle;
