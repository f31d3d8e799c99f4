//! Names of people.

use super::invalid::Invalid;

/// A given or family name of 1 to 100 characters on one line; white space around it is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Reads a name.
    ///
    /// # Errors
    /// `name_empty`, `name_too_long`, `control_character`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("control_character", "A name is one line without control characters."));
        }
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Invalid::new("name_empty", "A name has at least one character that is not white space.")),
            1..=Self::MAX_CHARS => Ok(Self(text.to_owned())),
            length => Err(Invalid::new("name_too_long", format!("A name has at most 100 characters, not {length}."))),
        }
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_100_characters() {
        assert_eq!(Name::parse("  Ada ").unwrap().into_string(), "Ada");
        assert_eq!(Name::parse(&"é".repeat(100)).unwrap().into_string().chars().count(), 100);
        for (text, code) in [
            ("", "name_empty"),
            (" \u{a0} ", "name_empty"),
            (&*"x".repeat(101), "name_too_long"),
            ("a\0b", "control_character"),
            ("two\nlines", "control_character"),
        ] {
            assert_eq!(Name::parse(text).unwrap_err().code, code, "{text:?}");
        }
    }
}
