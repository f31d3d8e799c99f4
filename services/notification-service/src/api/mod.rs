//! What backend-api asks, through the sidecars only. It decides who may see what, and seals the places of lists in its cursors.

pub(crate) mod notifications;
pub(crate) mod preferences;
pub(crate) mod reminders;
pub(crate) mod unsubscribe;
