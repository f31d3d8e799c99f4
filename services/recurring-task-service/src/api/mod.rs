//! What backend-api asks, through the sidecars only. It decides who may see what, and seals the places of lists in its cursors.

mod changes;
pub(crate) mod recurrences;
mod shown;
