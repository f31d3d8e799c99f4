//! Reading query parameters one by one, so that every mistake can be told at once.

use platform::problem::FieldError;
use uuid::Uuid;

use crate::domain::criteria::Limit;

pub(super) fn uuid(name: &str, value: &str) -> Result<Uuid, FieldError> {
    Uuid::try_parse(value).map_err(|_| invalid(name, "invalid_uuid", format!("{value:?} is not a UUID")))
}

pub(super) fn limit(value: &str) -> Result<Limit, FieldError> {
    let limit = value.parse().ok().and_then(Limit::new);
    limit.ok_or_else(|| invalid("limit", "out_of_range", format!("must be 1 to {}", Limit::MAX)))
}

/// The parameter, if it was given and can be read; what is wrong with it is among `mistakes`.
pub(super) fn given<T>(
    mistakes: &mut Vec<FieldError>,
    value: Option<String>,
    read: impl FnOnce(&str) -> Result<T, FieldError>,
) -> Option<T> {
    value.and_then(|value| noted(mistakes, read(&value)))
}

/// What was read; what is wrong with it is among `mistakes`.
pub(super) fn noted<T>(mistakes: &mut Vec<FieldError>, read: Result<T, FieldError>) -> Option<T> {
    read.map_err(|mistake| mistakes.push(mistake)).ok()
}

pub(super) fn invalid(name: &str, code: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError::new(format!("/{name}"), code, detail)
}
