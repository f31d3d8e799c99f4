//! How the sidecar behaves, seen from its apps, beyond what the conformance suite asks of every sidecar. Each case takes addresses
//! and a test app, never the sidecar's insides.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod app;
mod delivery;
mod groups;
mod grpc;
mod health;
mod invoke;
mod job_groups;
mod jobs;
mod log;
mod poison;
mod publish;
mod retries;
mod rig;
mod secrets;
mod start;
mod subscriptions;
mod unsupported;
mod web_page;
