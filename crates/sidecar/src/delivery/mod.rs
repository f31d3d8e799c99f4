//! From the log to the app: subscriptions, the app's health, a worker per partition, and what becomes of each message.

mod answer;
mod app;
mod attempts;
mod callback;
mod courier;
mod dead_letter;
mod health;
mod lanes;
mod subscriptions;
mod worker;

pub(crate) use app::attend;
pub(crate) use attempts::Attempts;
pub(crate) use callback::{reason, request};
pub(crate) use health::AppHealth;
pub(crate) use subscriptions::{Origin, Subscription};
