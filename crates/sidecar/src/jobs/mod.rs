//! Jobs: an app asks to be called at a time, once or again and again, and is called then, at least once, through restarts and by
//! whichever process is there.
//!
//! A job is a row with the time at which somebody has to act. A process claims rows that are due by moving that time to the end of
//! a lease, calls the app, and writes what came of it. While it works it renews its leases; when it dies, another process
//! finds the rows due again. What many ask for at once, and what many calls come to at once, is written in one statement.

mod bell;
mod calendar;
mod claim;
mod data;
mod failure_policy;
mod fire;
mod job;
mod moment;
mod put;
mod record;
mod remove;
mod schedule;
mod scheduler;
mod store;
mod tick;

pub(crate) use data::{Data, JSON};
pub(crate) use failure_policy::{FailurePolicy, count};
pub(crate) use job::{Job, Reason, Refusal};
pub(crate) use scheduler::{Rhythm, run};
pub(crate) use store::Jobs;
