//! How much a task matters.

use serde::Serialize;
use utoipa::ToSchema;

use super::invalid::Invalid;

/// From `none` to `urgent`; the order of the variants is the order of lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Not prioritised.
    #[default]
    None,
    /// Whenever there is time.
    Low,
    /// As usual.
    Medium,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// Reads a name.
    ///
    /// # Errors
    /// `priority_unknown`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == name)
            .ok_or_else(|| Invalid::new("priority_unknown", "A priority is one of none, low, medium, high and urgent."))
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// 0 for `none` … 4 for `urgent`.
    pub fn rank(self) -> i16 {
        self as i16
    }

    /// The priority of a rank; `none` for a rank that is none.
    pub fn from_rank(rank: i16) -> Self {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ranks_go_both_ways() {
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_str()), Ok(priority));
            assert_eq!(Priority::from_rank(priority.rank()), priority);
        }
        assert_eq!(Priority::parse("High").unwrap_err().code, "priority_unknown");
    }
}
