//! Lists that are told page by page, newest first: places in them, and the parameters by which pages are asked for.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::Value;
use uuid::Uuid;

use crate::problem::{FieldError, Problem};

/// Items of a page, unless it is said otherwise, and at most.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// A place in a list: what stands after it comes next. Written as `<time>,<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When what stands there came to be, in whole microseconds.
    pub at: DateTime<Utc>,
    /// Tells apart what came at one instant.
    pub id: Uuid,
}

impl Position {
    /// As two parameters of a statement, both NULL without a place.
    pub fn values(place: Option<Self>) -> (Value, Value) {
        (place.map(|place| place.at).into(), place.map(|place| place.id).into())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{}", self.at.to_rfc3339_opts(SecondsFormat::Micros, true), self.id)
    }
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `<time>,<id>`, as in `next` of an earlier answer")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (at, id) = text.split_once(',').ok_or(NoPosition)?;
        Ok(Self { at: at.parse().map_err(|_| NoPosition)?, id: Uuid::try_parse(id).map_err(|_| NoPosition)? })
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What stands there.
    pub items: Vec<T>,
    /// Where the rest begins; `None` when there is none.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// The first `limit` of what was found, which is [`one_more`] if there is a rest.
    pub fn cut(mut found: Vec<T>, limit: usize, position: impl Fn(&T) -> Position) -> Self {
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(position);
        Self { items: found, next }
    }
}

/// What a statement is to be limited to for a page of `limit`.
pub fn one_more(limit: usize) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1).into()
}

/// The parameter `name`, if it was given.
///
/// # Errors
/// 422 when it cannot be read.
pub fn read<T: FromStr>(name: &str, value: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: fmt::Display,
{
    value.map(|value| value.parse().map_err(|why: T::Err| invalid(name, &why))).transpose()
}

/// How many items are asked for.
///
/// # Errors
/// 422 unless that is 1 to 200.
pub fn limit(value: Option<&str>) -> Result<usize, Problem> {
    let limit = read("limit", value)?.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(invalid("limit", &format!("must be 1 to {MAX_LIMIT}")))
    }
}

/// What is told of a parameter that cannot be meant.
pub fn invalid(name: &str, why: &dyn fmt::Display) -> Problem {
    Problem::validation(vec![FieldError::new(format!("/{name}"), "invalid_parameter", why.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_down() {
        let id = Uuid::from_u128(7);
        for at in ["2026-01-31T09:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "+10000-01-01T00:00:00Z"] {
            let position = Position { at: at.parse().unwrap(), id };
            assert_eq!(position.to_string().parse(), Ok(position), "{at}");
        }
    }

    #[test]
    fn other_text_is_no_position() {
        let (instant, id) = ("2026-01-31T09:00:00Z", "00000000-0000-0000-0000-000000000007");
        for text in ["", ",", instant, &format!("yesterday,{id}"), &format!("{instant},7")] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }

    #[test]
    fn a_page_says_where_the_rest_begins_if_there_is_one() {
        let place = |id: &u128| Position { at: DateTime::UNIX_EPOCH, id: Uuid::from_u128(*id) };
        assert_eq!(Page::cut(vec![3, 2, 1], 2, place), Page { items: vec![3, 2], next: Some(place(&2)) });
        assert_eq!(Page::cut(vec![3, 2], 2, place).next, None);
        assert_eq!(Page::cut(vec![], 2, place).next, None);
    }

    #[test]
    fn a_page_has_1_to_200_items_and_50_unless_it_is_said_otherwise() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("200")).unwrap(), 200);
        for text in ["0", "201", "-1", "many", ""] {
            assert_eq!(limit(Some(text)).unwrap_err().document("/")["errors"][0]["pointer"], "/limit", "{text}");
        }
    }
}
