//! What the sidecar delivers, one topic per file.

pub(crate) mod delivery;
pub(crate) mod reminders;
pub(crate) mod task_updates;
