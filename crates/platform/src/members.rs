//! JSON objects that are read as they are.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The members of a JSON object, whatever they are. None comes twice, at no depth: of those, serde's own map would keep the last without a word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyJson).map(|read| match read {
            Value::Object(members) => Self(members),
            _ => Self::default(),
        })
    }
}

/// Reads any JSON whose members are named once.
struct AnyJson;

impl<'de> DeserializeSeed<'de> for AnyJson {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            read.push(item);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            let value = members.next_value_seed(Self)?;
            read.insert(name, value);
        }
        Ok(read.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_read_as_it_is() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "\u00e9", {}], "b": {"a": {"a": []}}}"#;
        let Members(members) = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(members), serde_json::from_str::<Value>(text).unwrap());
        assert!(serde_json::from_str::<Members>("[]").is_err());
    }

    #[test]
    fn a_member_comes_once() {
        for (text, name) in [(r#"{"a": 1, "a": 1}"#, "`a`"), (r#"{"a": [{"b": 1, "c": 2, "b": null}]}"#, "`b`")] {
            let refused = serde_json::from_str::<Members>(text).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("duplicate field {name}")), "{refused}");
        }
    }
}
