//! The tags of a task.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::invalid::Invalid;

/// Up to 50 tags of 1 to 50 characters, each once, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct TagSet(Vec<String>);

impl TagSet {
    /// The most tags.
    pub const MAX_TAGS: usize = 50;
    /// The longest tag, in characters.
    pub const MAX_CHARS: usize = 50;

    /// Reads tags; white space around a tag is not part of it, and a repeated tag counts once.
    ///
    /// # Errors
    /// `too_many_tags`, `tag_empty`, `tag_too_long`, `control_character`.
    pub fn parse(tags: &[String]) -> Result<Self, Invalid> {
        let mut seen = HashSet::new();
        let mut set = Vec::new();
        for (index, tag) in tags.iter().enumerate() {
            let tag = parse_tag(tag).map_err(|invalid| invalid.at(format!("/{index}")))?;
            if seen.insert(tag) {
                set.push(tag.to_owned());
            }
        }
        if set.len() > Self::MAX_TAGS {
            return Err(Invalid::new("too_many_tags", format!("A task has at most 50 tags, not {}.", set.len())));
        }
        Ok(Self(set))
    }

    /// Tags that were read before.
    pub fn stored(tags: Vec<String>) -> Self {
        Self(tags)
    }

    /// The tags.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The tags that are here and not in `other`.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a String> {
        self.0.iter().filter(|tag| !other.0.contains(tag))
    }
}

fn parse_tag(tag: &str) -> Result<&str, Invalid> {
    if tag.chars().any(char::is_control) {
        return Err(Invalid::new("control_character", "A tag has no control characters."));
    }
    let tag = tag.trim();
    match tag.chars().count() {
        0 => Err(Invalid::new("tag_empty", "A tag has at least one character that is not white space.")),
        1..=TagSet::MAX_CHARS => Ok(tag),
        length => Err(Invalid::new("tag_too_long", format!("A tag has at most 50 characters, not {length}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tags: &[&str]) -> Result<TagSet, Invalid> {
        TagSet::parse(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tags_are_trimmed_and_counted_once() {
        assert_eq!(parse(&[" home ", "work", "home"]).unwrap().as_slice(), ["home", "work"]);
    }

    #[test]
    fn a_bad_tag_is_told_by_its_place() {
        for (tag, code) in [("", "tag_empty"), (&*"x".repeat(51), "tag_too_long"), ("a\0", "control_character")] {
            let invalid = parse(&["ok", tag]).unwrap_err();
            assert_eq!((invalid.code, invalid.pointer.as_str()), (code, "/1"));
        }
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        assert_eq!(TagSet::parse(&many).unwrap_err().code, "too_many_tags");
    }
}
