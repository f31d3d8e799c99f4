//! Why a message cannot be read.

use std::fmt;

/// A message that breaks the contract. It will not get better by being delivered again: it belongs
/// in the topic's dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// JSON Pointer (RFC 6901) to the place in the `CloudEvent`; empty for the whole message.
    pub pointer: String,
    /// What is wrong there, as the end of a sentence: "is missing".
    pub reason: String,
}

impl Malformed {
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { pointer: String::new(), reason: reason.into() }
    }

    /// The same finding, seen from one level further out.
    pub(crate) fn under(mut self, name: impl fmt::Display) -> Self {
        let name = name.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{name}{}", self.pointer);
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(formatter, "the message {}", self.reason)
        } else {
            write!(formatter, "{} {}", self.pointer, self.reason)
        }
    }
}

impl std::error::Error for Malformed {}
