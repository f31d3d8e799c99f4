//! What the sidecar delivers.

pub(crate) mod counters;
pub(crate) mod delivery;
