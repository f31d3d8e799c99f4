//! Components: a named building block with properties.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_norway::Value;

use super::document::{Document, Problem, parse};
use super::scopes::TopicScopes;

/// A component as its document describes it.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    /// Its type, such as `pubsub.kafka`.
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) properties: BTreeMap<String, String>,
    /// The ids of the apps that may use it; none means all.
    pub(crate) scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    metadata: Vec<Property>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    name: String,
    #[serde(default)]
    value: Value,
    env_ref: Option<String>,
}

impl Component {
    pub(super) fn from_document(document: Document) -> Result<Self, Problem> {
        let spec: Spec = parse(document.spec)?;
        let properties = spec.metadata.into_iter().map(|property| (property.name.clone(), property.text()));
        Ok(Self {
            name: document.metadata.name,
            kind: spec.kind,
            version: spec.version,
            properties: properties.collect(),
            scopes: document.scopes,
        })
    }

    /// A property; names are read without regard to case, as daprd does.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

impl Property {
    fn text(self) -> String {
        match (self.env_ref, self.value) {
            (Some(variable), _) => std::env::var(variable).unwrap_or_default(),
            (None, Value::String(text)) => text,
            (None, Value::Bool(value)) => value.to_string(),
            (None, Value::Number(number)) => number.to_string(),
            (None, _) => String::new(),
        }
    }
}

/// A pub/sub component of any type: the log stands in for its broker.
#[derive(Clone, Debug)]
pub(crate) struct Pubsub {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) topics: TopicScopes,
}

impl Pubsub {
    pub(super) fn of(component: &Component) -> Self {
        Self {
            name: component.name.clone(),
            scopes: component.scopes.clone(),
            topics: TopicScopes::new(|property| component.property(property).unwrap_or_default().to_owned()),
        }
    }
}
