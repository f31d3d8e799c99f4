//! Which jobs there are, and when the sidecar calls them.

use platform::dapr::jobs::Job;

use super::purge_deleted_tasks;

/// Every job of the service.
pub fn timetable() -> Vec<Job> {
    vec![Job::housekeeping(purge_deleted_tasks::NAME, "0 0 3 * * *")]
}
