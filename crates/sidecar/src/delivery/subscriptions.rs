//! What an app subscribes to: what it says itself, and what files declare for it.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use crate::log::Topic;
use crate::metadata::Metadata;
use crate::resources::{Beginning, BulkSubscribe, Pubsub, Resources, Routes, in_scope};

/// Where a subscription comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Programmatic,
    Declarative,
}

/// One topic that an app receives.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// The topic of the pub/sub component.
    pub(crate) topic: Topic,
    /// The same where the log keeps it.
    pub(crate) log_topic: Topic,
    pub(crate) consumer_group: String,
    pub(crate) beginning: Beginning,
    /// Metadata that do not become headers.
    pub(crate) excluded_headers: Option<Regex>,
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
    for wanted in programmatic(app, own).into_iter().chain(declarative(app, resources)) {
        let Topic { pubsub, name } = &wanted.topic;
        let Some(known) = resources.pubsub(pubsub, app) else {
            tracing::error!(app, pubsub, topic = name, "subscription left out: no such pubsub for this app");
            continue;
        };
        if !known.topics.may_subscribe(app, name) {
            tracing::error!(app, pubsub, topic = name, "subscription left out: the topic is not allowed for this app");
            continue;
        }
        let subscription = wanted.of(app, known);
        let same = |other: &Subscription| {
            other.log_topic == subscription.log_topic && other.consumer_group == subscription.consumer_group
        };
        if !subscriptions.iter().any(same) {
            subscriptions.push(subscription);
        }
    }
    subscriptions
}

/// What is asked for, by an app or a file.
struct Wanted {
    topic: Topic,
    route: String,
    dead_letter_topic: Option<String>,
    metadata: Metadata,
    origin: Origin,
}

impl Wanted {
    /// The subscription of `app` at the component `pubsub`.
    fn of(self, app: &str, pubsub: &Pubsub) -> Subscription {
        let Self { topic, route, dead_letter_topic, metadata, origin } = self;
        let log_topic = Topic { pubsub: pubsub.log.clone(), name: topic.name.clone() };
        Subscription {
            topic,
            log_topic,
            consumer_group: pubsub.group_of(app),
            beginning: pubsub.beginning,
            excluded_headers: pubsub.excluded_headers.clone(),
            route,
            dead_letter_topic,
            metadata,
            origin,
        }
    }
}

fn programmatic(app: &str, own: &[u8]) -> Vec<Wanted> {
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
    fn accept(self, app: &str) -> Option<Wanted> {
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
        Some(Wanted {
            topic,
            route,
            dead_letter_topic: Some(self.dead_letter_topic).filter(|topic| !topic.is_empty()),
            metadata: self.metadata.unwrap_or_default(),
            origin: Origin::Programmatic,
        })
    }
}

fn declarative(app: &str, resources: &Resources) -> impl Iterator<Item = Wanted> {
    resources.subscriptions.iter().filter(move |declared| in_scope(&declared.scopes, app)).map(|declared| Wanted {
        topic: Topic { pubsub: declared.pubsub.clone(), name: declared.topic.clone() },
        route: declared.route.clone(),
        dead_letter_topic: declared.dead_letter_topic.clone(),
        metadata: declared.metadata.clone(),
        origin: Origin::Declarative,
    })
}
