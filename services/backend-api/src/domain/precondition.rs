//! Which version of a task a change expects.

/// What `If-Match` or `version` in the body asks for (RFC 9110 §13.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: the last write wins.
    #[default]
    None,
    /// One of these versions; none of them is possible when the client named tags that we never gave.
    Versions(Vec<i32>),
}

impl Precondition {
    /// Whether a change of `version` may go on.
    pub fn allows(&self, version: i32) -> bool {
        match self {
            Self::None => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }

    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Option<i32>) -> Self {
        match (self, other) {
            (this, None) => this,
            (Self::None, Some(version)) => Self::Versions(vec![version]),
            (Self::Versions(versions), Some(version)) => {
                Self::Versions(versions.into_iter().filter(|known| *known == version).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_body_must_both_hold() {
        let header = Precondition::Versions(vec![1, 2]);
        assert!(header.clone().and(Some(2)).allows(2));
        assert!(!header.clone().and(Some(2)).allows(1));
        assert!(!header.and(Some(3)).allows(3));
        assert!(Precondition::None.and(None).allows(7));
    }
}
