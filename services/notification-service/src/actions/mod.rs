//! What can be done, a file each.

pub(crate) mod announce;
pub(crate) mod change_preferences;
pub(crate) mod deliver;
pub(crate) mod end_reminders;
pub(crate) mod find_audience;
pub(crate) mod fire_reminders;
pub(crate) mod follow_task;
pub(crate) mod keep_watch;
pub(crate) mod schedule_jobs;
mod second_look;
pub(crate) mod send_digests;
pub(crate) mod tell_notices;
mod under_way;
pub(crate) mod unsubscribe;
pub(crate) mod write_messages;
