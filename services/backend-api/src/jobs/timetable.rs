//! Which jobs there are, and when the sidecar calls them.

use std::time::Duration;

use platform::dapr::jobs::{FailurePolicy, Job};
use serde_json::json;

use super::purge_deleted_tasks;

/// Every job of the service. A tick that fails is tried again every minute for an hour; the next day's finds what is left.
pub fn timetable() -> Vec<Job> {
    let mut purge = Job::named(purge_deleted_tasks::NAME, json!({}));
    purge.schedule = Some("0 0 3 * * *".to_owned());
    purge.failure_policy = Some(FailurePolicy::Constant { interval: Duration::from_mins(1), max_retries: Some(60) });
    vec![purge]
}
