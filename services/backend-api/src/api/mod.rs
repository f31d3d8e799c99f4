//! What comes in over HTTP.

pub mod audit_logs;
pub mod auth;
pub mod auth_input;
pub mod caller;
pub mod changes;
pub mod credentials;
pub mod cursor;
pub mod docs;
pub mod forms;
pub mod if_match;
pub mod internal;
pub mod limits;
pub mod link;
pub mod once;
pub mod patch;
pub mod profile;
pub mod refusals;
pub mod respond;
pub mod sync;
pub mod task_input;
pub mod task_query;
pub mod task_restore;
pub mod task_verbs;
pub mod tasks;
pub mod trace;
pub mod ws_ticket;
