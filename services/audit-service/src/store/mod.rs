//! The tables.

pub(crate) mod dead_letters;
pub(crate) mod entries;
pub(crate) mod recorder;
pub(crate) mod replays;
