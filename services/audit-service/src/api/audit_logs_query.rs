//! The parameters of `GET /internal/audit-logs`, and what is wrong with them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use events::schema::{MAX_EVENT_TYPE_LENGTH, MAX_USER_ID_LENGTH};
use platform::problem::FieldError;
use serde::Deserialize;
use uuid::Uuid;

use super::parameters::{given, invalid, limit, noted, uuid};
use crate::domain::criteria::{Criteria, MAX_WORKSPACES};

/// As they come: text, so that every mistake can be told at once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    workspace_ids: Option<String>,
    user_id: Option<String>,
    task_id: Option<String>,
    event_type: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Parameters {
    /// What is asked for.
    ///
    /// # Errors
    /// One for each parameter that is missing or cannot be meant.
    pub(crate) fn criteria(self) -> Result<Criteria, Vec<FieldError>> {
        let mut mistakes = Vec::new();
        let criteria = Criteria {
            workspace_ids: noted(&mut mistakes, workspace_ids(self.workspace_ids.as_deref())).unwrap_or_default(),
            user_id: given(&mut mistakes, self.user_id, |value| text("user_id", MAX_USER_ID_LENGTH, value)),
            task_id: given(&mut mistakes, self.task_id, |value| uuid("task_id", value)),
            event_type: given(&mut mistakes, self.event_type, |value| text("event_type", MAX_EVENT_TYPE_LENGTH, value)),
            from: given(&mut mistakes, self.from, |value| time("from", value)),
            to: given(&mut mistakes, self.to, |value| time("to", value)),
            after: given(&mut mistakes, self.after, |value| {
                value.parse().map_err(|why| invalid("after", "invalid_position", format!("{value:?} {why}")))
            }),
            limit: given(&mut mistakes, self.limit, limit).unwrap_or_default(),
        };
        if criteria.from.zip(criteria.to).is_some_and(|(from, to)| from > to) {
            mistakes.push(invalid("from", "invalid_range", "must not be later than to"));
        }
        if mistakes.is_empty() { Ok(criteria) } else { Err(mistakes) }
    }
}

pub(super) fn workspace_ids(value: Option<&str>) -> Result<BTreeSet<Uuid>, FieldError> {
    const NAME: &str = "workspace_ids";
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| invalid(NAME, "required", "names the workspaces, separated by commas"))?;
    let ids = value.split(',').map(|id| uuid(NAME, id)).collect::<Result<BTreeSet<_>, _>>()?;
    if ids.len() > MAX_WORKSPACES {
        return Err(invalid(NAME, "too_many", format!("must be at most {MAX_WORKSPACES} workspaces")));
    }
    Ok(ids)
}

fn time(name: &str, value: &str) -> Result<DateTime<Utc>, FieldError> {
    let time = DateTime::parse_from_rfc3339(value).map_err(|_| {
        invalid(name, "invalid_timestamp", format!("{value:?} is not an RFC 3339 time, such as 2026-01-31T09:00:00Z"))
    })?;
    Ok(time.to_utc())
}

/// Text that can be in the history at all; U+0000 cannot even be asked for.
fn text(name: &str, max: usize, value: &str) -> Result<String, FieldError> {
    if value.is_empty() || value.chars().count() > max || value.contains('\0') {
        return Err(invalid(name, "invalid_text", format!("must be 1 to {max} characters, none of them U+0000")));
    }
    Ok(value.to_owned())
}
