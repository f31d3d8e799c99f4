//! The jobs of the sidecar: what they are called.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The job that rings at night for what is of no consequence any more.
pub(crate) const PURGE: &str = "purge-occurrences";

/// The job that rings when the window of an instance opens: `occurrence-<series>-<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobName {
    pub(crate) series_id: Uuid,
    /// Of the instance that is to be made.
    pub(crate) number: i32,
}

impl fmt::Display for JobName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "occurrence-{}-{}", self.series_id, self.number)
    }
}

/// A text that is no [`JobName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoJobName;

impl FromStr for JobName {
    type Err = NoJobName;

    fn from_str(text: &str) -> Result<Self, NoJobName> {
        let (id, number) = text.strip_prefix("occurrence-").and_then(|rest| rest.rsplit_once('-')).ok_or(NoJobName)?;
        let series_id = Uuid::try_parse(id).map_err(|_| NoJobName)?;
        Ok(Self { series_id, number: number.parse().map_err(|_| NoJobName)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_series_and_number() {
        let name = JobName { series_id: Uuid::from_u128(7), number: 3 };
        assert_eq!(name.to_string(), "occurrence-00000000-0000-0000-0000-000000000007-3");
        assert_eq!(name.to_string().parse(), Ok(name));
        for text in ["", "occurrence", "occurrence-7-3", "occurrence-00000000-0000-0000-0000-000000000007-x"] {
            assert_eq!(text.parse::<JobName>(), Err(NoJobName), "{text}");
        }
    }
}
