//! The rules of tasks and people, pure: an invalid value cannot be built.

pub mod actor;
pub mod date;
pub mod duration;
pub mod email;
pub mod id_seal;
pub mod instance;
pub mod invalid;
pub mod listing;
pub mod name;
pub mod password;
pub mod precondition;
pub mod priority;
pub mod recorded_task;
pub mod recurrence;
pub mod refresh_token;
pub mod reminder;
pub mod series_scope;
pub mod status;
pub mod sync_token;
pub mod tags;
pub mod task;
pub mod text;
pub mod timezone;
pub mod verb;
