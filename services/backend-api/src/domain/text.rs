//! Titles and descriptions.

use serde::Serialize;
use utoipa::ToSchema;

use super::invalid::Invalid;

/// What is to be done, in 1 to 500 characters on one line; white space around it is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// The longest title, in characters.
    pub const MAX_CHARS: usize = 500;

    /// Reads a title.
    ///
    /// # Errors
    /// `title_empty`, `title_too_long`, `control_character`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("control_character", "A title is one line without control characters."));
        }
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Invalid::new("title_empty", "A title has at least one character that is not white space.")),
            1..=Self::MAX_CHARS => Ok(Self(text.to_owned())),
            length => Err(Invalid::new("title_too_long", format!("A title has at most 500 characters, not {length}."))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// More about a task: up to 64 KiB of UTF-8, any number of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Description(String);

impl Description {
    /// The longest description, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Reads a description.
    ///
    /// # Errors
    /// `description_too_long`, `control_character` (only NUL is refused).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.contains('\0') {
            return Err(Invalid::new("control_character", "A description cannot contain NUL (U+0000)."));
        }
        if text.len() > Self::MAX_BYTES {
            let detail = format!("A description has at most 65536 bytes, not {}.", text.len());
            return Err(Invalid::new("description_too_long", detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_1_to_500_characters() {
        assert_eq!(Title::parse("  Buy milk ").unwrap().as_str(), "Buy milk");
        assert_eq!(Title::parse(&"é".repeat(500)).unwrap().as_str().chars().count(), 500);
        for (text, code) in [
            ("", "title_empty"),
            (" \u{a0} ", "title_empty"),
            (&*"x".repeat(501), "title_too_long"),
            ("a\0b", "control_character"),
            ("two\nlines", "control_character"),
        ] {
            assert_eq!(Title::parse(text).unwrap_err().code, code, "{text:?}");
        }
    }

    #[test]
    fn a_description_has_up_to_64_kib() {
        assert!(Description::parse(&"x".repeat(65_536)).is_ok());
        assert_eq!(Description::parse(&"é".repeat(32_769)).unwrap_err().code, "description_too_long");
        assert_eq!(Description::parse("a\0b").unwrap_err().code, "control_character");
    }
}
