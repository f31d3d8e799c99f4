//! Resiliency: policies by name, and what they are for. Here that is what comes in through a pub/sub component; policies for
//! anything else are passed over with a warning.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_norway::Value;

use super::document::{Document, Problem, parse};
use super::retry::{self, Retry};
use crate::duration;

/// The names under which a policy is the default for what comes in through a pub/sub component, most specific first.
const DEFAULTS: [&str; 4] = ["DefaultPubsubComponentInbound", "DefaultComponentInbound", "DefaultComponent", "Default"];

/// What a document of this kind says.
#[derive(Debug)]
pub(crate) struct Resiliency {
    /// The ids of the apps that it is for; none means all.
    pub(super) scopes: Vec<String>,
    retries: BTreeMap<String, Retry>,
    timeouts: BTreeMap<String, Duration>,
    /// By component.
    inbound: BTreeMap<String, Names>,
}

/// How a delivery is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InboundPolicy {
    /// `None`: once.
    pub(crate) retry: Option<Retry>,
    /// How long the app may take to answer each time.
    pub(crate) timeout: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    policies: Policies,
    #[serde(default)]
    targets: Targets,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Policies {
    #[serde(default)]
    retries: BTreeMap<String, Value>,
    #[serde(default)]
    timeouts: BTreeMap<String, String>,
    #[serde(default)]
    circuit_breakers: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Targets {
    #[serde(default)]
    apps: BTreeMap<String, Value>,
    #[serde(default)]
    actors: BTreeMap<String, Value>,
    #[serde(default)]
    components: BTreeMap<String, Directions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Directions {
    #[serde(default)]
    inbound: Names,
    outbound: Option<Value>,
}

/// The names of the policies of one target.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Names {
    retry: Option<String>,
    timeout: Option<String>,
    circuit_breaker: Option<String>,
}

impl Resiliency {
    pub(super) fn from_document(document: Document) -> Result<Self, Problem> {
        if document.api_version != "dapr.io/v1alpha1" {
            return Err(Problem(format!("no such version of Resiliency: {}", document.api_version)));
        }
        let Spec { policies, targets } = parse(document.spec)?;
        warn_of_what_is_passed_over(&document.metadata.name, &policies, &targets);
        let retries = policies.retries.into_iter().map(|(name, spec)| {
            let retry = parse::<retry::Spec>(spec).and_then(Retry::new).map_err(at("retries", &name))?;
            Ok((name, retry))
        });
        let timeouts = policies.timeouts.into_iter().map(|(name, text)| {
            let timeout = duration::parse(&text).map_err(Problem).map_err(at("timeouts", &name))?;
            Ok((name, timeout))
        });
        let resiliency = Self {
            scopes: document.scopes,
            retries: retries.collect::<Result<_, Problem>>()?,
            timeouts: timeouts.collect::<Result<_, Problem>>()?,
            inbound: targets.components.into_iter().map(|(name, directions)| (name, directions.inbound)).collect(),
        };
        resiliency.check_names().map(|()| resiliency)
    }

    /// A policy that is not there would be no policy, in silence.
    fn check_names(&self) -> Result<(), Problem> {
        for (component, names) in &self.inbound {
            let retry =
                names.retry.as_ref().filter(|name| !self.retries.contains_key(*name)).map(|name| ("retry", name));
            let timeout =
                names.timeout.as_ref().filter(|name| !self.timeouts.contains_key(*name)).map(|name| ("timeout", name));
            if let Some((kind, name)) = retry.or(timeout) {
                return Err(Problem(format!(
                    "targets.components.{component}.inbound.{kind} is {name:?}, but there is no such policy in this document"
                )));
            }
        }
        Ok(())
    }
}

/// Says in which policy a mistake is.
fn at(kind: &'static str, name: &str) -> impl FnOnce(Problem) -> Problem {
    let place = format!("policies.{kind}.{name}");
    move |Problem(problem)| Problem(format!("{place}: {problem}"))
}

fn warn_of_what_is_passed_over(resiliency: &str, policies: &Policies, targets: &Targets) {
    let warn = |what: &str| {
        tracing::warn!(resiliency, "{what} is not supported by the embedded sidecar and passed over");
    };
    for name in policies.circuit_breakers.keys() {
        warn(&format!("policies.circuitBreakers.{name}"));
    }
    for name in targets.apps.keys() {
        warn(&format!("targets.apps.{name}"));
    }
    for name in targets.actors.keys() {
        warn(&format!("targets.actors.{name}"));
    }
    for (name, directions) in &targets.components {
        if directions.outbound.is_some() {
            warn(&format!("targets.components.{name}.outbound"));
        }
        if directions.inbound.circuit_breaker.is_some() {
            warn(&format!("targets.components.{name}.inbound.circuitBreaker"));
        }
    }
}

impl InboundPolicy {
    /// What `resiliencies` together say of the pub/sub component; of policies with one name the last counts. A component
    /// that is named among the targets has what is said there and no defaults.
    pub(super) fn of<'a>(pubsub: &str, resiliencies: impl Iterator<Item = &'a Resiliency>) -> Self {
        let (mut retries, mut timeouts, mut target) = (BTreeMap::new(), BTreeMap::new(), None);
        for one in resiliencies {
            retries.extend(&one.retries);
            timeouts.extend(&one.timeouts);
            target = one.inbound.get(pubsub).or(target);
        }
        let (retry, timeout) = match target {
            Some(names) => (names.retry.clone(), names.timeout.clone()),
            None => (default("Retry", &retries), default("Timeout", &timeouts)),
        };
        let retry = retry.and_then(|name| retries.get(&name).copied()).cloned();
        let timeout = timeout.and_then(|name| timeouts.get(&name).copied()).copied();
        Self { retry, timeout: timeout.filter(|timeout| !timeout.is_zero()) }
    }
}

/// The name of the default policy of a kind, if there is one.
fn default<T>(kind: &str, policies: &BTreeMap<&String, T>) -> Option<String> {
    DEFAULTS.iter().map(|prefix| format!("{prefix}{kind}Policy")).find(|name| policies.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::super::document::{Kind, split};
    use super::super::retry::Pauses;
    use super::*;

    /// Reads a document with this spec.
    fn read(spec: &str) -> Result<Resiliency, String> {
        let text = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{ name: r }}\nspec: {}",
            spec.trim_start()
        );
        let Some(Ok(Kind::Resiliency(document))) = split(&text).next() else { return Err("no document".to_owned()) };
        Resiliency::from_document(*document).map_err(|Problem(problem)| problem)
    }

    fn policy(spec: &str) -> InboundPolicy {
        InboundPolicy::of("pubsub", [read(spec).unwrap()].iter())
    }

    fn pauses(spec: &str) -> Option<(Pauses, Option<u32>)> {
        policy(spec).retry.map(|retry| (retry.pauses, retry.max_retries))
    }

    #[test]
    fn policies_are_found_by_the_name_of_the_component() {
        let spec = "{ policies: { retries: { r: { policy: exponential, maxInterval: 10s, maxRetries: 3 } }, \
                    timeouts: { t: 30s } }, targets: { components: { pubsub: { inbound: { retry: r, timeout: t } } } } }";
        assert_eq!(pauses(spec), Some((Pauses::Exponential(Duration::from_secs(10)), Some(3))));
        assert_eq!(policy(spec).timeout, Some(Duration::from_secs(30)));
        assert_eq!(InboundPolicy::of("other", [read(spec).unwrap()].iter()), InboundPolicy::default());
    }

    #[test]
    fn what_is_left_out_is_as_with_daprd() {
        let retries =
            |retry: &str| pauses(&format!("{{ policies: {{ retries: {{ DefaultRetryPolicy: {retry} }} }} }}"));
        assert_eq!(retries("{}"), Some((Pauses::Constant(Duration::from_secs(5)), None)));
        assert_eq!(retries("{ policy: exponential }"), Some((Pauses::Exponential(Duration::from_mins(1)), None)));
        assert_eq!(retries("{ duration: '250', maxRetries: 0 }").unwrap().1, Some(0));
        assert_eq!(retries("{ duration: 1s, maxRetries: -1 }").unwrap().1, None);
    }

    #[test]
    fn the_most_specific_default_counts_and_none_beside_a_target() {
        let policies = "policies: { retries: { DefaultRetryPolicy: { maxRetries: 1 }, \
                        DefaultComponentInboundRetryPolicy: { maxRetries: 2 } }, timeouts: { DefaultTimeoutPolicy: 1s } }";
        let with = |targets: &str| policy(&format!("{{ {policies}, targets: {{ {targets} }} }}"));
        assert_eq!(with("").retry.unwrap().max_retries, Some(2));
        assert_eq!(with("").timeout, Some(Duration::from_secs(1)));
        assert_eq!(with("components: { pubsub: { outbound: {} } }"), InboundPolicy::default());
    }

    #[test]
    fn statuses_say_what_is_worth_another_attempt() {
        let spec =
            "{ policies: { retries: { DefaultRetryPolicy: { matching: { httpStatusCodes: '429, 500-503' } } } } }";
        let retry = policy(spec).retry.unwrap();
        for (status, expected) in [(429, true), (500, true), (503, true), (504, false), (400, false)] {
            assert_eq!(retry.is_for(Some(http::StatusCode::from_u16(status).unwrap())), expected, "{status}");
        }
        assert!(retry.is_for(None), "no answer, or one that asks for another attempt in words");
    }

    #[test]
    fn mistakes_are_named() {
        for (spec, expected) in [
            ("{ policies: { retries: { r: { policy: linear } } } }", "policies.retries.r: policy is \"linear\""),
            ("{ policies: { retries: { r: { duration: soon } } } }", "policies.retries.r: \"soon\" is not a duration"),
            ("{ policies: { retries: { r: { maxRetry: 3 } } } }", "policies.retries.r: unknown field `maxRetry`"),
            ("{ policies: { timeouts: { t: -1s } } }", "policies.timeouts.t: \"-1s\""),
            (
                "{ policies: { retries: { r: { matching: { httpStatusCodes: 503-500 } } } } }",
                "\"503-500\" is no HTTP status",
            ),
            (
                "{ targets: { components: { pubsub: { inbound: { retry: r } } } } }",
                "targets.components.pubsub.inbound.retry is \"r\", but there is no such policy",
            ),
            ("{ target: {} }", "unknown field `target`"),
        ] {
            let problem = read(spec).unwrap_err();
            assert!(problem.contains(expected), "{spec}: {problem}");
        }
    }
}
