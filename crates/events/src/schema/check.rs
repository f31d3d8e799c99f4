//! Checking a payload against the table.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use super::{Kind, MAX_INTEGER, Object};
use crate::Malformed;

impl Object {
    /// Checks the fields that the table lists and ignores all others.
    ///
    /// # Errors
    /// The first finding, in the order of the table.
    pub fn check(&self, value: &Value) -> Result<(), Malformed> {
        let Some(fields) = value.as_object() else {
            return Err(Malformed::whole("is not an object"));
        };
        for property in self.properties {
            let checked = match fields.get(property.name) {
                None if property.required => Err(Malformed::whole("is missing")),
                None => Ok(()),
                Some(Value::Null) if !property.required => Ok(()),
                Some(value) => property.kind.check(value),
            };
            checked.map_err(|malformed| malformed.under(property.name))?;
        }
        Ok(())
    }
}

impl Kind {
    fn check(&self, value: &Value) -> Result<(), Malformed> {
        match self {
            Self::Object(object) => object.check(value),
            Self::List(kind) => check_list(kind, value),
            Self::Text { min, max } => check_length(text(value)?, *min, *max),
            Self::Word(_) => check_length(text(value)?, 1, None),
            Self::Constant(only) => {
                let reason = format!("is not `{only}`");
                must(text(value)? == *only, &reason)
            }
            Self::Trace => Ok(()),
            Self::NullableText => must(value.is_null() || value.is_string(), "is not text or null"),
            Self::Boolean => must(value.is_boolean(), "is not true or false"),
            Self::AnyObject => must(value.is_object(), "is not an object"),
            Self::Uuid => must(Uuid::try_parse(text(value)?).is_ok(), "is not a UUID"),
            Self::Timestamp => must(DateTime::parse_from_rfc3339(text(value)?).is_ok(), "is not an RFC 3339 timestamp"),
            Self::Integer { min } => match value.as_i64() {
                Some(number) if number < *min => Err(Malformed::whole(format!("is less than {min}"))),
                Some(number) if number > MAX_INTEGER => Err(Malformed::whole(format!("is more than {MAX_INTEGER}"))),
                Some(_) => Ok(()),
                None => Err(Malformed::whole("is not a 64-bit whole number")),
            },
        }
    }
}

/// Refuses U+0000 anywhere: `PostgreSQL` can store it neither in `text` nor in `jsonb`, so that every
/// attempt to record the event would fail.
///
/// # Errors
/// The first text or field name that holds it.
pub fn check_storable(value: &Value) -> Result<(), Malformed> {
    match value {
        Value::String(text) => must(!text.contains('\0'), "contains U+0000"),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_storable(item).map_err(|malformed| malformed.under(index))),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            must(!name.contains('\0'), "has a field whose name contains U+0000")?;
            check_storable(value).map_err(|malformed| malformed.under(name))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn check_list(kind: &Kind, value: &Value) -> Result<(), Malformed> {
    let Some(items) = value.as_array() else {
        return Err(Malformed::whole("is not a list"));
    };
    items.iter().enumerate().try_for_each(|(index, item)| kind.check(item).map_err(|malformed| malformed.under(index)))
}

fn check_length(text: &str, min: usize, max: Option<usize>) -> Result<(), Malformed> {
    let length = text.chars().count();
    if length < min {
        return Err(Malformed::whole("is empty"));
    }
    match max {
        Some(max) if length > max => Err(Malformed::whole(format!("is longer than {max} characters"))),
        _ => Ok(()),
    }
}

fn text(value: &Value) -> Result<&str, Malformed> {
    value.as_str().ok_or_else(|| Malformed::whole("is not text"))
}

fn must(holds: bool, otherwise: &str) -> Result<(), Malformed> {
    if holds { Ok(()) } else { Err(Malformed::whole(otherwise)) }
}
