//! Why a value was refused.

/// A broken rule: a stable name, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Invalid {
    /// The name of the rule.
    pub code: &'static str,
    /// What to do, in a sentence.
    pub detail: String,
    /// Where within the value, as the end of a JSON Pointer (`/1/channels`); empty for the value itself.
    pub pointer: String,
}

impl Invalid {
    /// The rule `code` is broken.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: String::new() }
    }

    /// The same, at `pointer` within the value.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }
    /// The same, in a value that is itself at `pointer` within another one.
    #[must_use]
    pub fn within(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}
