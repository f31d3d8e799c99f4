//! How a task repeats: rules in three forms, their occurrences in a time zone, and the next one after a completion.
//!
//! [`Written`] is what somebody wrote, [`Recurrence`] what it means, stored as one; [`Occurrences`] are when it is due. Everything
//! here is pure: no clock, no database, and the work of each call is bounded.

mod days;
mod invalid;
mod next;
mod occurrences;
mod recurrence;
mod rfc;
mod rule;
mod text;
pub mod wall;
mod words;
mod written;

pub use invalid::Invalid;
pub use next::{first_due, next_due};
pub use occurrences::{Next, Occurrences, may_begin};
pub use recurrence::{CatchUp, Generate, Mode, Recurrence};
pub use rule::Frequency;
pub use written::Written;
