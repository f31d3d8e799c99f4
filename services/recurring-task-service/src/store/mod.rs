//! The tables.

pub(crate) mod claims;
pub(crate) mod jobs;
pub(crate) mod page;
pub(crate) mod purge;
pub(crate) mod rows;
pub(crate) mod series;
