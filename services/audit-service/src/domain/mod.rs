//! What a history is made of, free of storage and HTTP.

pub(crate) mod criteria;
pub(crate) mod dead_letter;
pub(crate) mod entry;
pub(crate) mod notice;
pub(crate) mod origin;
pub(crate) mod replay;
