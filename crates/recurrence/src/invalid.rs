//! Why a recurrence was refused.

/// A broken rule: a stable name, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Invalid {
    /// The name of the rule: `recurrence_form`, `recurrence_invalid`, `recurrence_text_unknown`, `recurrence_never`,
    /// `recurrence_ended`.
    pub code: &'static str,
    /// What to do, in a sentence.
    pub detail: String,
    /// Where within the recurrence, as a JSON Pointer (`/interval`); empty for the whole.
    pub pointer: &'static str,
}

impl Invalid {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: "" }
    }

    /// The members do not go together.
    pub(crate) fn form(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self { code: "recurrence_form", detail: detail.into(), pointer }
    }

    /// A value is out of its range.
    pub(crate) fn value(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self { code: "recurrence_invalid", detail: detail.into(), pointer }
    }

    /// The first occurrence is too far away.
    pub(crate) fn start() -> Self {
        Self::new("recurrence_invalid", "What repeats is first due in the years 1900 to 9998. Give another due date.")
    }

    /// Nothing was found within what is searched.
    pub(crate) fn never() -> Self {
        Self::new("recurrence_never", "The rule has no occurrence, or none for a very long time. Give one that has.")
    }

    /// The end comes before the first occurrence.
    pub(crate) fn ended() -> Self {
        Self::new("recurrence_ended", "The rule ends before it starts. Give a later until, or an earlier due date.")
    }
}
