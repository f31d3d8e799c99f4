//! What other services ask, through their sidecars.

pub(crate) mod audit_logs;
mod audit_logs_query;
pub(crate) mod dead_letters;
mod dead_letters_query;
pub(crate) mod deleted_tasks;
mod parameters;
