//! What a list of tasks may be asked for: filters, order and place.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::invalid::Invalid;
use super::priority::Priority;
use super::status::Status;
use super::task::Task;

/// Entries of a page unless the request says otherwise.
pub const DEFAULT_LIMIT: u64 = 50;
/// Entries of a page at most.
pub const MAX_LIMIT: u64 = 200;

/// Which tasks; `None` does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this status.
    pub status: Option<Status>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this tag.
    pub tag: Option<String>,
    /// Completed, or not.
    pub completed: Option<bool>,
    /// Due before this moment.
    pub due_before: Option<DateTime<Utc>>,
    /// Due at or after this moment.
    pub due_after: Option<DateTime<Utc>>,
    /// Filed under this project.
    pub project: Option<Uuid>,
    /// To be done by this user.
    pub assignee: Option<String>,
    /// Archived ones instead of the others.
    pub archived: bool,
    /// With these words.
    pub q: Option<SearchText>,
}

/// What is searched for: words, between which anything may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// The longest text, in characters.
    pub const MAX_CHARS: usize = 500;
    /// The most words.
    pub const MAX_WORDS: usize = 32;

    /// Reads the text. One without words is no mistake: it finds nothing.
    ///
    /// # Errors
    /// `q_too_long`, `q_too_many_words`; `control_character` for NUL.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length > Self::MAX_CHARS {
            let detail = format!("A search has at most {} characters, not {length}.", Self::MAX_CHARS);
            return Err(Invalid::new("q_too_long", detail));
        }
        let words = count_words(text);
        if words > Self::MAX_WORDS {
            let most = Self::MAX_WORDS;
            let detail = format!("A search has at most {most} words, not {words}. Leave out the least telling.");
            return Err(Invalid::new("q_too_many_words", detail));
        }
        if text.contains('\0') {
            return Err(Invalid::new("control_character", "NUL (U+0000) is in no text."));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Runs of letters and digits, as `core.search_words` cuts them: an accent that is a character of its own does not separate.
fn count_words(text: &str) -> usize {
    let without_accents: String =
        text.chars().filter(|character| !('\u{300}'..='\u{36f}').contains(character)).collect();
    without_accents.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// By what a list is ordered; ties are broken by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// When it was created.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it is due; tasks without a due date come last either way.
    DueDate,
    /// How much it matters.
    Priority,
    /// How well it matches the words that are searched for.
    Relevance,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// From the greatest to the least.
    pub descending: bool,
}

impl Default for Sort {
    /// The newest first.
    fn default() -> Self {
        Self { key: SortKey::CreatedAt, descending: true }
    }
}

impl Sort {
    /// The best match first: the order of a search that names none.
    pub const RELEVANCE: Self = Self { key: SortKey::Relevance, descending: true };

    /// Reads a name such as `due_date` or, descending, `-due_date`.
    ///
    /// # Errors
    /// `sort_unknown`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let (descending, name) = name.strip_prefix('-').map_or((false, name), |name| (true, name));
        let key = match name {
            "created_at" => SortKey::CreatedAt,
            "updated_at" => SortKey::UpdatedAt,
            "due_date" => SortKey::DueDate,
            "priority" => SortKey::Priority,
            _ => {
                let detail = "Sort by created_at, updated_at, due_date or priority, with - in front for descending.";
                return Err(Invalid::new("sort_unknown", detail));
            }
        };
        Ok(Self { key, descending })
    }
}

/// A place in an ordered list: after the entry with this value and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The entry's sort value: microseconds since the Unix epoch, or the rank of a priority or match; `None` without a due date.
    pub value: Option<i64>,
    /// The entry.
    pub id: Uuid,
}

impl Position {
    /// The place after `task` in a list by `key`, in which it has the `rank` that a search gave it.
    pub fn after(task: &Task, key: SortKey, rank: Option<i64>) -> Self {
        let value = match key {
            SortKey::CreatedAt => Some(task.created_at.timestamp_micros()),
            SortKey::UpdatedAt => Some(task.updated_at.timestamp_micros()),
            SortKey::DueDate => task.due_date.map(|due| due.timestamp_micros()),
            SortKey::Priority => Some(task.priority.rank().into()),
            SortKey::Relevance => rank,
        };
        Self { value, id: task.id }
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// In which order.
    pub sort: Sort,
    /// From where; from the start when `None`.
    pub after: Option<Position>,
    /// How many at most.
    pub limit: u64,
}

impl Page {
    /// The tasks without a due date, which follow when a page that begins at a due date has room left.
    pub fn undated(&self) -> Option<Self> {
        let dated = self.sort.key == SortKey::DueDate && self.after.is_some_and(|after| after.value.is_some());
        let before_all = if self.sort.descending { Uuid::max() } else { Uuid::nil() };
        dated.then(|| Self { after: Some(Position { value: None, id: before_all }), ..self.clone() })
    }
}
