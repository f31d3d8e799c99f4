//! The tables.

pub(crate) mod entries;
