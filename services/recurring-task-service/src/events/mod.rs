//! What comes from topics.

pub(crate) mod task_events;
pub(crate) mod user_activities;
