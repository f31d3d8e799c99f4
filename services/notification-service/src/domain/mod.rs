//! The rules. Nothing here knows of HTTP or the database.

pub(crate) mod channel;
pub(crate) mod message;
