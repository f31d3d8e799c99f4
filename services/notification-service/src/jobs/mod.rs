//! What is due by the clock.

pub(crate) mod digest;
pub(crate) mod reminder;
