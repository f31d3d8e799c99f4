//! The rules. Nothing here knows of HTTP or the database.

pub(crate) mod changes;
pub(crate) mod commands;
pub(crate) mod follow;
pub(crate) mod instance;
pub(crate) mod job;
pub(crate) mod occurrence;
pub(crate) mod rule;
pub(crate) mod series;
pub(crate) mod task;
pub(crate) mod template;
