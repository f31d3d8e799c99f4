//! What a job brings to its app, as HTTP and gRPC tell it.

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Any, ListValue, Struct, Value as Wrapped};
use serde_json::{Map, Number, Value};

/// The type that stands for any JSON in gRPC.
pub(crate) const JSON: &str = "type.googleapis.com/google.protobuf.Value";

/// The data of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    /// Its type in gRPC.
    pub(super) kind: String,
    /// For [`JSON`] its text, else the bytes of the message. The app gets them as they are.
    pub(super) bytes: Vec<u8>,
}

impl Data {
    /// JSON, as the text it was given in.
    ///
    /// # Errors
    /// When the text is like JSON and yet no value: half a surrogate pair, a number beyond all doubles, hundreds of arrays in each other.
    pub(crate) fn json(text: &str) -> Result<Self, String> {
        let value: Result<Value, _> = serde_json::from_str(text);
        value.map_err(|error| format!("the data cannot be read: {error}"))?;
        Ok(Self { kind: JSON.to_owned(), bytes: text.into() })
    }

    /// What came by gRPC. Bytes without a type are passed on, as daprd does.
    ///
    /// # Errors
    /// When it says that it is a `google.protobuf.Value` and is not.
    pub(crate) fn from_any(any: Any) -> Result<Self, String> {
        if any.type_url != JSON {
            return Ok(Self { kind: any.type_url, bytes: any.value });
        }
        let value =
            Wrapped::decode(any.value.as_slice()).map_err(|error| format!("the data cannot be read: {error}"))?;
        Self::json(&unwrapped(value).to_string())
    }

    /// The same for gRPC; numbers of JSON are doubles there.
    pub(crate) fn to_any(&self) -> Any {
        let value = if self.kind == JSON {
            wrapped(serde_json::from_slice(&self.bytes).unwrap_or_default()).encode_to_vec()
        } else {
            self.bytes.clone()
        };
        Any { type_url: self.kind.clone(), value }
    }

    /// The JSON that it is, if it is any.
    pub(crate) fn as_json(&self) -> Option<Value> {
        matches!(self.kind.as_str(), JSON | "").then(|| serde_json::from_slice(&self.bytes).ok()).flatten()
    }
}

fn wrapped(value: Value) -> Wrapped {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(values) => Kind::ListValue(ListValue { values: values.into_iter().map(wrapped).collect() }),
        Value::Object(fields) => Kind::StructValue(Struct {
            fields: fields.into_iter().map(|(name, value)| (name, wrapped(value))).collect(),
        }),
    };
    Wrapped { kind: Some(kind) }
}

fn unwrapped(value: Wrapped) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(value)) => {
            whole(value).or_else(|| Number::from_f64(value)).map_or(Value::Null, Value::Number)
        }
        Some(Kind::StringValue(value)) => value.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(unwrapped).collect(),
        Some(Kind::StructValue(fields)) => {
            let fields = fields.fields.into_iter().map(|(name, value)| (name, unwrapped(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// The integer that a double is, where it can tell integers apart.
fn whole(value: f64) -> Option<Number> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number within 53 bits")]
    (value.fract() == 0.0 && value.abs() <= LARGEST).then(|| Number::from(value as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_passes_through_grpc() {
        let value = json!({"a": [1, 2.5, -3, "x", null, true], "b": {"c": {}}});
        let given = Data::json(&value.to_string()).unwrap();
        let back = Data::from_any(given.to_any()).unwrap();
        assert_eq!((back.kind.as_str(), back.as_json()), (JSON, Some(value)));
    }

    #[test]
    fn other_data_are_their_bytes() {
        let other = Any { type_url: "type.googleapis.com/x.Y".to_owned(), value: vec![0, 255] };
        let data = Data::from_any(other.clone()).unwrap();
        assert_eq!((data.bytes.as_slice(), data.as_json(), data.to_any()), ([0, 255].as_slice(), None, other));
        let raw = Data::from_any(Any { type_url: String::new(), value: b"{\"a\":1}".to_vec() }).unwrap();
        assert_eq!(raw.as_json(), Some(json!({"a": 1})));
        assert!(Data::from_any(Any { type_url: JSON.to_owned(), value: vec![255] }).is_err());
    }
}
