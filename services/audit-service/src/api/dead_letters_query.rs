//! The parameters of `GET /internal/dead-letters`, and what is wrong with them.

use platform::problem::FieldError;
use serde::Deserialize;

use super::parameters::{given, invalid, limit, uuid};
use crate::domain::dead_letter::{Selection, Status};
use crate::domain::origin::Origin;

/// As they come: text, so that every mistake can be told at once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    topic: Option<String>,
    status: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Parameters {
    /// What is asked for.
    ///
    /// # Errors
    /// One for each parameter that cannot be meant.
    pub(crate) fn selection(self) -> Result<Selection, Vec<FieldError>> {
        let mut mistakes = Vec::new();
        let selection = Selection {
            topic: given(&mut mistakes, self.topic, topic),
            status: given(&mut mistakes, self.status, status),
            after: given(&mut mistakes, self.after, |value| uuid("after", value)),
            limit: given(&mut mistakes, self.limit, limit).unwrap_or_default(),
        };
        if mistakes.is_empty() { Ok(selection) } else { Err(mistakes) }
    }
}

fn topic(value: &str) -> Result<Origin, FieldError> {
    let names: Vec<&str> = Origin::all().map(Origin::as_str).collect();
    value.parse().map_err(|_| invalid("topic", "invalid_topic", format!("must be one of {}", names.join(", "))))
}

fn status(value: &str) -> Result<Status, FieldError> {
    value.parse().map_err(|()| invalid("status", "invalid_status", "must be dead or replayed"))
}
