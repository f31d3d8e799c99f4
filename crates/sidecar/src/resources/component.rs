//! Components: a named building block with properties.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;
use serde_norway::Value;

use super::component_type;
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
    /// Whether it is left out where it cannot be had.
    pub(super) ignore_errors: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    metadata: Vec<Property>,
    #[serde(default)]
    ignore_errors: bool,
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
        component_type::check(&document.metadata.name, &spec.kind)?;
        let properties = spec.metadata.into_iter().map(|property| (property.name.clone(), property.text()));
        Ok(Self {
            name: document.metadata.name,
            kind: spec.kind,
            version: spec.version,
            properties: properties.collect(),
            scopes: document.scopes,
            ignore_errors: spec.ignore_errors,
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

/// Where a consumer group begins that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// With the oldest message.
    Oldest,
    /// With what comes next.
    Newest,
}

/// A pub/sub component of any type: the log stands in for its broker.
#[derive(Clone, Debug)]
pub(crate) struct Pubsub {
    pub(crate) name: String,
    /// What its topics are kept under in the log: components that name one broker share them.
    pub(crate) log: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) topics: TopicScopes,
    pub(crate) beginning: Beginning,
    /// Metadata that do not become headers of a delivery.
    pub(crate) excluded_headers: Option<Regex>,
    /// What sets its broker apart from others, where that is told.
    pub(super) broker: Option<(String, String)>,
    consumer_group: Option<String>,
}

impl Pubsub {
    pub(super) fn of(component: &Component) -> Result<Self, Problem> {
        let beginning = match component.property("initialOffset") {
            None | Some("oldest") => Beginning::Oldest,
            Some("newest") => Beginning::Newest,
            Some(other) => return Err(Problem(format!("initialOffset is {other:?}, not oldest or newest"))),
        };
        let excluded = component.property("excludeHeaderMetaRegex").map(Regex::new);
        Ok(Self {
            name: component.name.clone(),
            log: component.name.clone(),
            scopes: component.scopes.clone(),
            topics: TopicScopes::new(|property| component.property(property).unwrap_or_default().to_owned()),
            beginning,
            excluded_headers: excluded
                .transpose()
                .map_err(|error| Problem(format!("excludeHeaderMetaRegex: {error}")))?,
            broker: component.property("brokers").map(|brokers| (component.kind.clone(), brokers.to_owned())),
            consumer_group: component.property("consumerGroup").map(ToOwned::to_owned),
        })
    }

    /// The consumer group of `app`: its own, unless the component says otherwise. A group for each instance of the app
    /// (`{uuid}`, `{podName}`) is its own too, because here an app has one instance: that finds its place again after a restart.
    pub(crate) fn group_of(&self, app: &str) -> String {
        let template = self.consumer_group.as_deref().unwrap_or("{appID}");
        if template.contains("{uuid}") || template.contains("{podName}") {
            return app.to_owned();
        }
        template.replace("{namespace}", &format!("default.{app}")).replace("{appID}", app)
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::{Kind, split};
    use super::*;

    #[test]
    fn a_consumer_group_is_the_apps_own_unless_it_is_named() {
        for (given, expected) in [
            ("", "shop"),
            ("consumerGroup, value: all", "all"),
            ("consumerGroup, value: '{appID}-2'", "shop-2"),
            ("consumerGroup, value: '{namespace}'", "default.shop"),
            ("consumerGroup, value: 'live-{uuid}'", "shop"),
        ] {
            let metadata = if given.is_empty() { String::new() } else { format!("{{ name: {given} }}") };
            let text = format!(
                "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: c }}\n\
                 spec: {{ type: pubsub.kafka, version: v1, metadata: [{metadata}] }}\n"
            );
            let Some(Ok(Kind::Component(document))) = split(&text).next() else { panic!("no document") };
            let component = Component::from_document(*document).unwrap();
            assert_eq!(Pubsub::of(&component).unwrap().group_of("shop"), expected, "{given}");
        }
    }
}
