//! What the service does.

pub(crate) mod find_deletion;
pub(crate) mod list_entries;
pub(crate) mod replay_dead_letter;
pub(crate) mod store_dead_letter;
