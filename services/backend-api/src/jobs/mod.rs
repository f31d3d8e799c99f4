//! What the sidecar calls at its time.

pub mod purge_deleted_tasks;
pub mod timetable;
