//! Components: a named building block with properties.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;
use serde_norway::Value;

use super::component_type;
use super::document::{Document, Problem, parse};
use super::property::Property;
use super::scopes::TopicScopes;

/// A component as its document describes it.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    /// Its type, such as `pubsub.kafka`.
    pub(crate) kind: String,
    pub(crate) version: String,
    properties: BTreeMap<String, Property>,
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
    metadata: Vec<Value>,
    #[serde(default)]
    ignore_errors: bool,
}

impl Component {
    pub(super) fn from_document(document: Document) -> Result<Self, Problem> {
        let name = document.metadata.name;
        let of_it = |Problem(problem)| Problem(format!("component {name}: {problem}"));
        let spec: Spec = parse(document.spec).map_err(of_it)?;
        component_type::check(&name, &spec.kind)?;
        let properties = spec.metadata.into_iter().map(Property::read).collect::<Result<_, _>>().map_err(of_it)?;
        Ok(Self {
            kind: spec.kind,
            version: spec.version,
            properties,
            scopes: document.scopes,
            ignore_errors: spec.ignore_errors,
            name,
        })
    }

    /// A property; an empty one is none. Names are read without regard to case, as daprd does.
    ///
    /// # Errors
    /// When it is there and cannot be told. What nobody here asks for may be as it likes: a real daprd may know what to do with it.
    pub(super) fn property(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.held(name) {
            Some(Property::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty()).map(String::as_str)),
            Some(other) => Err(Problem(format!("component {}: {name}: {other}", self.name))),
            None => Ok(None),
        }
    }

    /// What tells the value of a property from others: the value, or where it is.
    pub(super) fn identity(&self, name: &str) -> Option<String> {
        self.held(name).map(ToString::to_string).filter(|held| !held.is_empty())
    }

    fn held(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, held)| held)
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
        let beginning = match component.property("initialOffset")? {
            None | Some("oldest") => Beginning::Oldest,
            Some("newest") => Beginning::Newest,
            Some(other) => return Err(Problem(format!("initialOffset is {other:?}, not oldest or newest"))),
        };
        let excluded = component.property("excludeHeaderMetaRegex")?.map(Regex::new);
        Ok(Self {
            name: component.name.clone(),
            log: component.name.clone(),
            scopes: component.scopes.clone(),
            topics: TopicScopes::new(|name| Ok(component.property(name)?.unwrap_or_default().to_owned()))?,
            beginning,
            excluded_headers: excluded
                .transpose()
                .map_err(|error| Problem(format!("excludeHeaderMetaRegex: {error}")))?,
            broker: component.identity("brokers").map(|brokers| (component.kind.clone(), brokers)),
            consumer_group: component.property("consumerGroup")?.map(ToOwned::to_owned),
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
