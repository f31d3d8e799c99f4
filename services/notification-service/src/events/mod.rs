//! What comes from topics.

pub(crate) mod system_notifications;
pub(crate) mod task_events;
