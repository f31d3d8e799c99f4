//! The tables.

pub(crate) mod deliveries;
pub(crate) mod due;
pub(crate) mod jobs;
pub(crate) mod notices;
pub(crate) mod notifications;
pub(crate) mod outbox;
pub(crate) mod page;
pub(crate) mod preferences;
pub(crate) mod reminder_row;
pub(crate) mod reminders;
