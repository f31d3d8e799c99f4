//! The jobs of the sidecar: what they are called and what they carry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The job that rings for the daily e-mails.
pub(crate) const DIGEST: &str = "digest";

/// What a job carries: that of requirement 001.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) reminder_id: Uuid,
    pub(crate) task_id: Uuid,
    /// Whose task it is.
    pub(crate) user_id: String,
    pub(crate) task_title: String,
}

/// The job of one version of a reminder: `reminder-<id>-<version>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobName {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
}

impl fmt::Display for JobName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "reminder-{}-{}", self.id, self.version)
    }
}

/// A text that is no [`JobName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoJobName;

impl FromStr for JobName {
    type Err = NoJobName;

    fn from_str(text: &str) -> Result<Self, NoJobName> {
        let (id, version) = text.strip_prefix("reminder-").and_then(|rest| rest.rsplit_once('-')).ok_or(NoJobName)?;
        let id = Uuid::try_parse(id).map_err(|_| NoJobName)?;
        Ok(Self { id, version: version.parse().map_err(|_| NoJobName)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_reminder_and_version() {
        let name = JobName { id: Uuid::from_u128(7), version: 3 };
        assert_eq!(name.to_string(), "reminder-00000000-0000-0000-0000-000000000007-3");
        assert_eq!(name.to_string().parse(), Ok(name));
        for text in ["", "reminder", "reminder-7-3", "digest", "reminder-00000000-0000-0000-0000-000000000007-x"] {
            assert_eq!(text.parse::<JobName>(), Err(NoJobName), "{text}");
        }
    }
}
