//! An outage as events carry it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What was away, in `data` of `system.error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The app-id of the service that noticed.
    pub service: String,
    /// What it could not do meanwhile: `event_publishing` or `job_scheduling`.
    pub activity: String,
    /// The first attempt that failed.
    pub since: DateTime<Utc>,
    /// The first one that succeeded again.
    pub until: DateTime<Utc>,
    /// How many attempts failed.
    pub failures: u32,
    /// What the last of them came to.
    pub error: String,
}
