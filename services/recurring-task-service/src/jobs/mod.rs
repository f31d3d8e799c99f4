//! What is due by the clock.

pub(crate) mod occurrence;
