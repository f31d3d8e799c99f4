//! Which app may publish or subscribe to which topic of a pub/sub component.

use std::collections::BTreeMap;

use super::document::Problem;

/// The four topic properties of a pub/sub component.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopicScopes {
    allowed: Vec<String>,
    protected: Vec<String>,
    publishing: BTreeMap<String, Vec<String>>,
    subscription: BTreeMap<String, Vec<String>>,
}

impl TopicScopes {
    /// Reads `allowedTopics`, `protectedTopics`, `publishingScopes` and `subscriptionScopes`.
    ///
    /// # Errors
    /// When one of them cannot be told.
    pub(super) fn new(property: impl Fn(&str) -> Result<String, Problem>) -> Result<Self, Problem> {
        Ok(Self {
            allowed: list(&property("allowedTopics")?),
            protected: list(&property("protectedTopics")?),
            publishing: per_app(&property("publishingScopes")?),
            subscription: per_app(&property("subscriptionScopes")?),
        })
    }

    /// Whether `app` may publish to `topic`.
    pub(crate) fn may_publish(&self, app: &str, topic: &str) -> bool {
        self.permits(self.publishing.get(app), topic)
    }

    /// Whether `app` may subscribe to `topic`.
    pub(crate) fn may_subscribe(&self, app: &str, topic: &str) -> bool {
        self.permits(self.subscription.get(app), topic)
    }

    /// An app that is not named may use every topic that is not protected.
    fn permits(&self, granted: Option<&Vec<String>>, topic: &str) -> bool {
        let within = |topics: &[String]| topics.iter().any(|known| known == topic);
        if !self.allowed.is_empty() && !within(&self.allowed) {
            return false;
        }
        granted.map_or_else(|| !within(&self.protected), |topics| within(topics))
    }
}

/// `a, b` → both, without blanks and empty parts.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|topic| !topic.is_empty()).map(ToOwned::to_owned).collect()
}

/// `app=a,b;other=` → the topics of each app; `other` has none.
fn per_app(text: &str) -> BTreeMap<String, Vec<String>> {
    let apps = text.split(';').filter_map(|app| app.split_once('='));
    apps.map(|(app, topics)| (app.trim().to_owned(), list(topics))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(property: &'static str, value: &'static str) -> TopicScopes {
        TopicScopes::new(|name| Ok(if name == property { value } else { "" }.to_owned())).unwrap()
    }

    #[test]
    fn apps_that_are_named_have_their_topics_only() {
        let scopes = scopes("publishingScopes", "a=one, two; b=");
        assert!(scopes.may_publish("a", "two"));
        assert!(!scopes.may_publish("a", "three"));
        assert!(!scopes.may_publish("b", "one"));
        assert!(scopes.may_publish("c", "one"));
        assert!(scopes.may_subscribe("b", "one"));
    }

    #[test]
    fn protected_topics_need_a_grant() {
        let scopes = scopes("protectedTopics", "secret");
        assert!(!scopes.may_publish("a", "secret"));
        assert!(scopes.may_publish("a", "open"));
    }

    #[test]
    fn allowed_topics_are_all_there_is() {
        let scopes = scopes("allowedTopics", "one");
        assert!(scopes.may_subscribe("a", "one"));
        assert!(!scopes.may_subscribe("a", "two"));
    }
}
