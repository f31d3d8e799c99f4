//! The query of a list of tasks.

use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::task_input::Check;
use crate::domain::date;
use crate::domain::invalid::Invalid;
use crate::domain::listing::{DEFAULT_LIMIT, Filter, MAX_LIMIT, SearchText, Sort};
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use platform::problem::Problem;

/// Filters, order and place. Parameters that are not listed here are refused.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    #[param(value_type = Option<Status>)]
    status: Option<String>,
    #[param(value_type = Option<Priority>)]
    priority: Option<String>,
    /// Tasks that have this tag.
    #[param(pattern = r"^[^\x00]*$")]
    tag: Option<String>,
    #[param(value_type = Option<bool>)]
    completed: Option<String>,
    /// Due before this moment.
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    due_before: Option<String>,
    /// Due at or after this moment.
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    due_after: Option<String>,
    #[param(value_type = Option<Uuid>)]
    project: Option<String>,
    /// To be done by this user.
    #[param(pattern = r"^[^\x00]*$")]
    assignee: Option<String>,
    /// Archived tasks instead of the others.
    #[param(value_type = Option<bool>)]
    archived: Option<String>,
    /// Full text: each word begins a word of the title, the tags or the description, whatever its case and accents. Anything but
    /// letters and digits separates words, of which there may be 32; without any, nothing is found.
    #[param(max_length = 500, pattern = r"^[^\x00]*$", example = "wat pla")]
    q: Option<String>,
    /// `created_at`, `updated_at`, `due_date` or `priority`; `-` in front for descending. Unless given, `-created_at`; with `q`, the
    /// 1,000 newest matches, those with the most words in the title first, then those with them among the tags.
    #[param(pattern = r"^-?(created_at|updated_at|due_date|priority)$")]
    sort: Option<String>,
    /// 1 to 200; 50 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A query that keeps the rules.
#[derive(Clone, Debug)]
pub struct ValidTaskQuery {
    /// Which tasks.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// How many at most.
    pub limit: u64,
}

impl TaskQuery {
    /// The query, valid.
    ///
    /// # Errors
    /// 422 with every broken rule.
    pub fn validate(&self) -> Result<ValidTaskQuery, Problem> {
        let mut check = Check::default();
        let filter = Filter {
            status: check.optional("/status", self.status.as_deref(), Status::parse),
            priority: check.optional("/priority", self.priority.as_deref(), Priority::parse),
            tag: check.optional("/tag", self.tag.as_deref(), text),
            completed: check.optional("/completed", self.completed.as_deref(), boolean),
            due_before: check.optional("/due_before", self.due_before.as_deref(), date::parse_in_query),
            due_after: check.optional("/due_after", self.due_after.as_deref(), date::parse_in_query),
            project: check.optional("/project", self.project.as_deref(), uuid),
            assignee: check.optional("/assignee", self.assignee.as_deref(), text),
            archived: check.optional("/archived", self.archived.as_deref(), boolean).unwrap_or_default(),
            q: check.optional("/q", self.q.as_deref(), SearchText::parse),
        };
        let usual = if filter.q.is_some() { Sort::RELEVANCE } else { Sort::default() };
        let sort = check.optional("/sort", self.sort.as_deref(), Sort::parse).unwrap_or(usual);
        let limit = check.optional("/limit", self.limit.as_deref(), limit).unwrap_or(DEFAULT_LIMIT);
        check.finish()?;
        Ok(ValidTaskQuery { filter, sort, limit })
    }
}

/// Reads the number of entries of a page.
///
/// # Errors
/// `limit_invalid`.
pub fn limit(text: &str) -> Result<u64, Invalid> {
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| Invalid::new("limit_invalid", "A limit is 1 to 200."))
}

/// Reads an id.
///
/// # Errors
/// `id_invalid`.
pub fn uuid(text: &str) -> Result<Uuid, Invalid> {
    Uuid::parse_str(text).map_err(|_| Invalid::new("id_invalid", "An id is a UUID."))
}

/// Reads a name that is compared with stored text.
///
/// # Errors
/// `control_character` for NUL, which no stored text holds.
pub fn text(text: &str) -> Result<String, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("control_character", "NUL (U+0000) is in no name."));
    }
    Ok(text.to_owned())
}

/// Reads a yes or no.
///
/// # Errors
/// `boolean_invalid`.
pub fn boolean(text: &str) -> Result<bool, Invalid> {
    text.parse().map_err(|_| Invalid::new("boolean_invalid", "Give true or false."))
}
