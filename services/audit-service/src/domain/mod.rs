//! What a history is made of, free of storage and HTTP.

pub(crate) mod criteria;
pub(crate) mod entry;
