//! Members of a JSON merge patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// A member that may be absent, `null`, or a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent: keep.
    #[default]
    Keep,
    /// `null`: clear.
    Clear,
    /// A new value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// What to store: `None` to keep, `Some(None)` to clear.
    pub fn into_option(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// What to store where `null` means the `cleared` value.
    pub fn or_cleared(self, cleared: T) -> Option<T> {
        self.into_option().map(|value| value.unwrap_or(cleared))
    }
}
