//! What the service does.

pub(crate) mod list_entries;
pub(crate) mod record_event;
