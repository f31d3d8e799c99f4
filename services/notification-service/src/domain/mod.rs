//! The rules. Nothing here knows of HTTP or the database.

pub(crate) mod channel;
pub(crate) mod job;
pub(crate) mod local_time;
pub(crate) mod message;
pub(crate) mod outcome;
pub(crate) mod person;
pub(crate) mod plan;
pub(crate) mod preferences;
pub(crate) mod preferences_patch;
pub(crate) mod quiet_hours;
pub(crate) mod reminder;
pub(crate) mod route;
pub(crate) mod task;
pub(crate) mod unsubscribe_token;
pub(crate) mod verdict;
