//! How far a task is.

use serde::Serialize;
use utoipa::ToSchema;

use super::invalid::Invalid;

/// A task is completed exactly when it is `done`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    #[default]
    Todo,
    /// Begun.
    InProgress,
    /// Completed.
    Done,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Todo, Self::InProgress, Self::Done];

    /// Reads a name.
    ///
    /// # Errors
    /// `status_unknown`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == name)
            .ok_or_else(|| Invalid::new("status_unknown", "A status is one of todo, in_progress and done."))
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::InProgress => "in_progress",
            Self::Done => "done",
        }
    }

    /// Whether the task is completed.
    pub fn is_done(self) -> bool {
        self == Self::Done
    }

    /// What a request that gives a status, `completed`, both or neither asks for; `current` decides what is left open.
    ///
    /// # Errors
    /// `status_contradiction` when the two disagree.
    pub fn agree(current: Self, status: Option<Self>, completed: Option<bool>) -> Result<Self, Invalid> {
        match (status, completed) {
            (Some(status), Some(completed)) if status.is_done() != completed => {
                Err(Invalid::new("status_contradiction", "completed is true exactly when status is done."))
            }
            (Some(status), _) => Ok(status),
            (None, Some(true)) => Ok(Self::Done),
            (None, Some(false)) if current.is_done() => Ok(Self::Todo),
            (None, _) => Ok(current),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completed_and_done_are_the_same() {
        use Status::{Done, InProgress, Todo};
        assert_eq!(Status::agree(Todo, None, Some(true)), Ok(Done));
        assert_eq!(Status::agree(Done, None, Some(false)), Ok(Todo));
        assert_eq!(Status::agree(InProgress, None, Some(false)), Ok(InProgress));
        assert_eq!(Status::agree(Todo, Some(InProgress), None), Ok(InProgress));
        assert_eq!(Status::agree(Todo, Some(Done), Some(true)), Ok(Done));
        assert_eq!(Status::agree(Todo, Some(Done), Some(false)).unwrap_err().code, "status_contradiction");
    }
}
