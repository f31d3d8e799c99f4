//! What comes from topics.

mod delivery;
pub(crate) mod task_events;
pub(crate) mod user_activities;
