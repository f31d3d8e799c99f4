//! From the log to the app: subscriptions, one worker per partition, and what the app's answer means.

mod answer;
mod app;
mod callback;
mod subscriptions;
mod worker;

pub(crate) use app::attend;
pub(crate) use callback::reason;
pub(crate) use subscriptions::{Origin, Subscription};
