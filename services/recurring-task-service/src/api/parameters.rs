//! Query parameters that lists have in common.

use std::fmt;
use std::str::FromStr;

use platform::problem::{FieldError, Problem};

/// Items of a page, unless it is said otherwise, and at most.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// The parameter `name`, if it was given.
///
/// # Errors
/// 422 when it cannot be read.
pub(super) fn read<T: FromStr>(name: &str, value: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: fmt::Display,
{
    value.map(|value| value.parse().map_err(|why: T::Err| invalid(name, &why))).transpose()
}

/// How many items are asked for.
///
/// # Errors
/// 422 unless that is 1 to 200.
pub(super) fn limit(value: Option<&str>) -> Result<usize, Problem> {
    let limit = read("limit", value)?.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(invalid("limit", &format!("must be 1 to {MAX_LIMIT}")))
    }
}

pub(super) fn invalid(name: &str, why: &dyn fmt::Display) -> Problem {
    Problem::validation(vec![FieldError::new(format!("/{name}"), "invalid_parameter", why.to_string())])
}
