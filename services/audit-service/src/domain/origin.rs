//! Where messages come from that are recorded here, or that were given up.

use std::fmt;
use std::str::FromStr;

use events::Topic;

use super::notice;

/// What a message was published to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A topic of ours.
    Events(Topic),
    /// The topic of other systems.
    Notices,
}

impl Origin {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Topic::ALL.iter().copied().map(Self::Events).chain([Self::Notices])
    }

    /// That of a letter; what came from a topic that is not there any more is an event.
    pub(crate) fn of(topic: &str) -> Self {
        topic.parse().unwrap_or(Self::Events(Topic::TaskEvents))
    }

    /// The topic's own name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Events(topic) => topic.as_str(),
            Self::Notices => notice::TOPIC,
        }
    }

    /// The topic of what was given up.
    pub(crate) const fn dead_letter(self) -> &'static str {
        match self {
            Self::Events(topic) => topic.dead_letter(),
            Self::Notices => notice::DEAD_LETTERS,
        }
    }
}

/// A name that is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownOrigin;

impl FromStr for Origin {
    type Err = UnknownOrigin;

    fn from_str(name: &str) -> Result<Self, UnknownOrigin> {
        Self::all().find(|origin| origin.as_str() == name).ok_or(UnknownOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
