//! Whole systems from end to end: the same tests for the embedded sidecar and, with `TIDINGS_TEST_SIDECARS=daprd`, for the
//! distributed system.

mod broker;
mod end_to_end;
mod metrics;
mod notices;
mod recurring;
mod reminders;
mod replay;
mod replicas;
mod rolling;
mod told;
mod trace;
mod undo;
mod walk_through;
