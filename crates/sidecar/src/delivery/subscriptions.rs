//! What an app subscribes to: what it says itself, and what files declare for it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::log::Topic;
use crate::metadata::Metadata;
use crate::resources::{BulkSubscribe, Resources, Routes, in_scope};

/// Where a subscription comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Programmatic,
    Declarative,
}

/// One topic that an app receives.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic: Topic,
    pub(crate) route: String,
    pub(crate) dead_letter_topic: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) origin: Origin,
}

/// One item of the answer to `GET /dapr/subscribe`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    pubsubname: String,
    #[serde(default)]
    topic: String,
    route: Option<String>,
    routes: Option<Routes>,
    #[serde(default)]
    dead_letter_topic: String,
    metadata: Option<BTreeMap<String, String>>,
    bulk_subscribe: Option<BulkSubscribe>,
}

/// What `app` subscribes to: its own list, and for other topics what files declare. What cannot be had is left out and
/// told in the log.
pub(crate) fn resolve(app: &str, own: &[u8], resources: &Resources) -> Vec<Subscription> {
    let mut subscriptions: Vec<Subscription> = Vec::new();
    for subscription in programmatic(app, own).into_iter().chain(declarative(app, resources)) {
        let Topic { pubsub, name } = &subscription.topic;
        let known = resources.pubsub(pubsub, app);
        if known.is_none() {
            tracing::error!(app, pubsub, topic = name, "subscription left out: no such pubsub for this app");
        } else if known.is_some_and(|known| !known.topics.may_subscribe(app, name)) {
            tracing::error!(app, pubsub, topic = name, "subscription left out: the topic is not allowed for this app");
        } else if !subscriptions.iter().any(|other| other.topic == subscription.topic) {
            subscriptions.push(subscription);
        }
    }
    subscriptions
}

fn programmatic(app: &str, own: &[u8]) -> Vec<Subscription> {
    let items: Vec<Item> = match serde_json::from_slice::<Option<_>>(own) {
        Ok(items) => items.unwrap_or_default(),
        Err(error) => {
            tracing::error!(app, %error, "the answer to GET /dapr/subscribe is no list of subscriptions");
            Vec::new()
        }
    };
    items.into_iter().filter_map(|item| item.accept(app)).collect()
}

impl Item {
    fn accept(self, app: &str) -> Option<Subscription> {
        let topic = Topic { pubsub: self.pubsubname, name: self.topic };
        let (pubsub, name) = (&topic.pubsub, &topic.name);
        let route = match Routes::only(self.route, self.routes, self.bulk_subscribe.as_ref()) {
            Ok(route) => route,
            Err(reason) => {
                tracing::error!(app, pubsub, topic = name, reason, "subscription refused");
                return None;
            }
        };
        if route.is_empty() || topic.name.is_empty() || topic.pubsub.is_empty() {
            tracing::warn!(app, pubsub, topic = name, "subscription without a route, topic or pubsub left out");
            return None;
        }
        Some(Subscription {
            topic,
            route,
            dead_letter_topic: Some(self.dead_letter_topic).filter(|topic| !topic.is_empty()),
            metadata: self.metadata.unwrap_or_default(),
            origin: Origin::Programmatic,
        })
    }
}

fn declarative(app: &str, resources: &Resources) -> impl Iterator<Item = Subscription> {
    resources.subscriptions.iter().filter(move |declared| in_scope(&declared.scopes, app)).map(|declared| {
        Subscription {
            topic: Topic { pubsub: declared.pubsub.clone(), name: declared.topic.clone() },
            route: declared.route.clone(),
            dead_letter_topic: declared.dead_letter_topic.clone(),
            metadata: declared.metadata.clone(),
            origin: Origin::Declarative,
        }
    })
}
