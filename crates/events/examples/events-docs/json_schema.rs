//! The tables of the contract as JSON Schema, in the order of the tables.

use events::schema::{Kind, MAX_INTEGER, Object};
use serde_norway::{Mapping, Value};

/// A mapping that keeps its order.
pub(crate) fn map<K: Into<String>, const N: usize>(entries: [(K, Value); N]) -> Value {
    Value::Mapping(entries.into_iter().map(|(name, value)| (name.into().into(), value)).collect())
}

/// A reference to a component of the same document.
pub(crate) fn reference(kind: &str, name: &str) -> Value {
    map([("$ref", format!("#/components/{kind}/{name}").into())])
}

/// The schema of an object. Inner objects are referred to by name.
pub(crate) fn object(object: &Object) -> Value {
    let mut required = Vec::new();
    let mut properties = Mapping::new();
    for property in object.properties {
        if property.required {
            required.push(Value::from(property.name));
        }
        let mut schema = kind(&property.kind);
        schema.insert("description".into(), property.description.into());
        properties.insert(property.name.into(), schema.into());
    }
    map([
        ("type", "object".into()),
        ("description", object.description.into()),
        ("required", required.into()),
        ("properties", properties.into()),
    ])
}

fn kind(kind: &Kind) -> Mapping {
    let mut schema = Mapping::new();
    let mut set = |name: &str, value: Value| schema.insert(name.into(), value);
    match kind {
        Kind::Object(inner) => {
            set("allOf", vec![reference("schemas", inner.name)].into());
        }
        Kind::AnyObject => {
            set("type", "object".into());
        }
        Kind::List(items) => {
            set("type", "array".into());
            set("items", self::kind(items).into());
        }
        Kind::Boolean => {
            set("type", "boolean".into());
        }
        Kind::Integer { min } => {
            set("type", "integer".into());
            set("format", "int64".into());
            set("minimum", (*min).into());
            set("maximum", MAX_INTEGER.into());
        }
        Kind::NullableText => {
            set("type", vec![Value::from("string"), Value::from("null")].into());
        }
        Kind::Uuid | Kind::Timestamp => {
            set("type", "string".into());
            set("format", if *kind == Kind::Uuid { "uuid" } else { "date-time" }.into());
        }
        Kind::Constant(only) => {
            set("type", "string".into());
            set("const", (*only).into());
        }
        Kind::Trace => {
            set("type", "string".into());
        }
        Kind::Word(words) => {
            set("type", "string".into());
            set("minLength", 1.into());
            set("examples", words.iter().map(|word| Value::from(*word)).collect());
        }
        Kind::Text { min, max } => {
            set("type", "string".into());
            if *min > 0 {
                set("minLength", (*min).into());
            }
            if let Some(max) = max {
                set("maxLength", (*max).into());
            }
        }
    }
    schema
}
