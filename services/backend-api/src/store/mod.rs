//! Postgres: entities, scoped finders, and the one way to change something.

pub mod change;
pub mod creation;
pub mod credentials;
pub mod deleted_tasks;
pub mod history;
pub mod idempotency;
pub mod instances;
pub mod isolation;
mod outbox;
pub mod recipients;
pub mod refresh_tokens;
pub mod reply;
pub mod series_turns;
pub mod sync;
pub mod task_page;
pub mod tasks;
pub mod users;
pub mod visibility;
pub mod ws_tickets;
