//! A property of a component: a value, or where it is.

use std::fmt;

use serde::Deserialize;
use serde_norway::Value;

use super::document::{Problem, parse};

/// What a document gives for a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// Its value.
    Text(String),
    /// It is what this variable of the environment holds, which is not set.
    Unset(String),
    /// It is this entry of this secret of a secret store.
    Secret { name: String, key: String },
    /// It is a list or a map.
    Nested,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    value: Value,
    env_ref: Option<String>,
    secret_key_ref: Option<SecretKeyRef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretKeyRef {
    name: String,
    #[serde(default)]
    key: String,
}

impl Property {
    /// Reads an entry of a component's metadata: the property's name, and what is given for it. A secret goes before a value, and
    /// that before the environment, as with daprd.
    ///
    /// # Errors
    /// When it gives nothing, or something that there is not, such as `valeu`.
    pub(super) fn read(entry: Value) -> Result<(String, Self), Problem> {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or("an entry of its metadata").to_owned();
        let of_it = |problem| Problem(format!("{name}: {problem}"));
        let written: Written = parse(entry).map_err(|Problem(problem)| of_it(problem))?;
        let held = match (written.secret_key_ref, written.value, written.env_ref) {
            (Some(SecretKeyRef { name, key }), ..) => Self::Secret { name, key },
            (None, Value::String(text), _) => Self::Text(text),
            (None, Value::Bool(value), _) => Self::Text(value.to_string()),
            (None, Value::Number(number), _) => Self::Text(number.to_string()),
            (None, Value::Null, Some(variable)) => std::env::var(&variable).map_or(Self::Unset(variable), Self::Text),
            (None, Value::Null, None) => return Err(of_it("it has neither a value nor an envRef".to_owned())),
            (None, ..) => Self::Nested,
        };
        Ok((written.name, held))
    }
}

/// The value, or why there is none here.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Unset(variable) => write!(f, "the environment variable {variable} (envRef) is not set"),
            Self::Secret { name, key } => write!(
                f,
                "it is in a secret store (secretKeyRef {name}, {key}), where the embedded sidecar does not look for properties: \
                 give a value or an envRef"
            ),
            Self::Nested => f.write_str("its value is a list or a map, not text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<(String, Property), Problem> {
        Property::read(serde_norway::from_str(yaml).unwrap())
    }

    #[test]
    fn what_a_property_holds() {
        let text = |text: &str| Property::Text(text.to_owned());
        let secret = || Property::Secret { name: "kafka".to_owned(), key: "brokers".to_owned() };
        let unset = || Property::Unset("TIDINGS_NO_SUCH_VARIABLE".to_owned());
        for (yaml, held) in [
            ("{ name: n, value: a }", text("a")),
            ("{ name: n, value: '' }", text("")),
            ("{ name: n, value: 4194304 }", text("4194304")),
            ("{ name: n, value: true }", text("true")),
            ("{ name: n, value: a, envRef: TIDINGS_NO_SUCH_VARIABLE }", text("a")),
            ("{ name: n, envRef: PATH }", Property::Text(std::env::var("PATH").unwrap())),
            ("{ name: n, envRef: TIDINGS_NO_SUCH_VARIABLE }", unset()),
            ("{ name: n, secretKeyRef: { name: kafka, key: brokers } }", secret()),
            ("{ name: n, value: a, secretKeyRef: { name: kafka, key: brokers } }", secret()),
            ("{ name: n, value: [a] }", Property::Nested),
        ] {
            assert_eq!(read(yaml).unwrap(), ("n".to_owned(), held), "{yaml}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_the_property() {
        for (yaml, told) in [
            ("{ name: brokers, valeu: a }", "brokers: unknown field `valeu`"),
            ("{ name: brokers, value: a, envref: A }", "brokers: unknown field `envref`"),
            ("{ name: brokers, secretKeyRef: { nmae: a } }", "brokers: unknown field `nmae`"),
            ("{ name: brokers }", "brokers: it has neither a value nor an envRef"),
            ("{ name: brokers, value: }", "brokers: it has neither a value nor an envRef"),
            ("{ value: a }", "missing field `name`"),
        ] {
            let Problem(problem) = read(yaml).unwrap_err();
            assert!(problem.contains(told), "{yaml}: {problem}");
        }
    }
}
