//! What is due by the clock.

pub(crate) mod occurrence;
pub(crate) mod purge_occurrences;
