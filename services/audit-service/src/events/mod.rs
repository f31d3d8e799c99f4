//! What the sidecar delivers.

mod body;
pub(crate) mod counters;
pub(crate) mod dead_letters;
pub(crate) mod delivery;
pub(crate) mod notices;
