//! Subscriptions that are declared in a file, of both versions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::{Document, Problem, parse};

/// A subscription as a file declares it.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredSubscription {
    pub(crate) pubsub: String,
    pub(crate) topic: String,
    pub(crate) route: String,
    pub(crate) dead_letter_topic: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// The ids of the apps that it is for; none means all.
    pub(crate) scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    pubsubname: String,
    topic: String,
    route: Option<String>,
    routes: Option<Routes>,
    #[serde(default)]
    dead_letter_topic: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    bulk_subscribe: Option<BulkSubscribe>,
}

/// Where an event goes by its content. Only `default` is supported.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Routes {
    #[serde(default)]
    rules: Vec<serde_json::Value>,
    #[serde(default)]
    default: String,
}

/// Deliveries in bulk.
#[derive(Debug, Deserialize)]
pub(crate) struct BulkSubscribe {
    #[serde(default)]
    enabled: bool,
}

impl Routes {
    /// The one route of a subscription: `route`, else the default of `routes`.
    ///
    /// # Errors
    /// When the subscription asks for routing rules or bulk delivery, which the embedded sidecar does not do.
    pub(crate) fn only(
        route: Option<String>,
        routes: Option<Self>,
        bulk: Option<&BulkSubscribe>,
    ) -> Result<String, String> {
        if bulk.is_some_and(|bulk| bulk.enabled) {
            return Err("bulkSubscribe is not supported by the embedded sidecar".to_owned());
        }
        let routes = routes.unwrap_or_default();
        if !routes.rules.is_empty() {
            return Err("routes.rules is not supported by the embedded sidecar; use route or routes.default".to_owned());
        }
        Ok(route.filter(|route| !route.is_empty()).unwrap_or(routes.default))
    }
}

impl DeclaredSubscription {
    pub(super) fn from_document(document: Document) -> Result<Self, Problem> {
        let spec: Spec = parse(document.spec)?;
        if !matches!(document.api_version.as_str(), "dapr.io/v1alpha1" | "dapr.io/v2alpha1") {
            return Err(Problem(format!("no such version of Subscription: {}", document.api_version)));
        }
        let route = Routes::only(spec.route, spec.routes, spec.bulk_subscribe.as_ref()).map_err(Problem)?;
        if route.is_empty() {
            return Err(Problem("the subscription has no route".to_owned()));
        }
        Ok(Self {
            pubsub: spec.pubsubname,
            topic: spec.topic,
            route,
            dead_letter_topic: Some(spec.dead_letter_topic).filter(|topic| !topic.is_empty()),
            metadata: spec.metadata,
            scopes: document.scopes,
        })
    }
}
