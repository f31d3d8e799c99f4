//! Resiliency: policies by name, and what they are for. Here that is what comes in through a pub/sub component, and
//! invocation; policies for anything else are passed over, which is said.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_norway::Value;

use super::breaker::{self, BreakerPolicy};
use super::document::{Document, Problem, parse};
use super::retry::{self, Retry};
use crate::duration;

/// The names under which a policy is the default for what comes in through a pub/sub component, most specific first.
const DEFAULTS: [&str; 4] = ["DefaultPubsubComponentInbound", "DefaultComponentInbound", "DefaultComponent", "Default"];

/// The same for invocation.
const APP_DEFAULTS: [&str; 2] = ["DefaultApp", "Default"];

/// What a document of this kind says.
#[derive(Debug)]
pub(crate) struct Resiliency {
    /// The ids of the apps that it is for; none means all.
    pub(super) scopes: Vec<String>,
    retries: BTreeMap<String, Retry>,
    timeouts: BTreeMap<String, Duration>,
    /// `None` where one trips by what is not understood here.
    breakers: BTreeMap<String, Option<BreakerPolicy>>,
    /// By component.
    inbound: BTreeMap<String, Names>,
    /// By app.
    apps: BTreeMap<String, Names>,
}

/// How a delivery is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InboundPolicy {
    /// `None`: once.
    pub(crate) retry: Option<Retry>,
    /// How long the app may take to answer each time.
    pub(crate) timeout: Option<Duration>,
}

/// How an invocation of an app is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AppPolicy {
    /// `None`: once.
    pub(crate) retry: Option<Retry>,
    /// How long the app may take to answer each time.
    pub(crate) timeout: Option<Duration>,
    /// When it is not tried.
    pub(crate) breaker: Option<BreakerPolicy>,
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
    apps: BTreeMap<String, Names>,
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
    /// Breakers are few here.
    #[serde(rename = "circuitBreakerCacheSize")]
    _circuit_breaker_cache_size: Option<u32>,
}

impl Resiliency {
    pub(super) fn from_document(document: Document) -> Result<Self, Problem> {
        if document.api_version != "dapr.io/v1alpha1" {
            return Err(Problem(format!("no such version of Resiliency: {}", document.api_version)));
        }
        let Spec { policies, targets } = parse(document.spec)?;
        warn_of_what_is_passed_over(&document.metadata.name, &targets);
        let retries = policies.retries.into_iter().map(|(name, spec)| {
            let retry = parse::<retry::Spec>(spec).and_then(Retry::new).map_err(at("retries", &name))?;
            Ok((name, retry))
        });
        let timeouts = policies.timeouts.into_iter().map(|(name, text)| {
            let timeout = duration::parse(&text).map_err(Problem).map_err(at("timeouts", &name))?;
            Ok((name, timeout))
        });
        let breakers = policies.circuit_breakers.into_iter().map(|(name, spec)| {
            let policy = parse::<breaker::Spec>(spec).and_then(BreakerPolicy::new);
            let policy = policy.map_err(at("circuitBreakers", &name))?;
            Ok((name, policy))
        });
        let resiliency = Self {
            scopes: document.scopes,
            retries: retries.collect::<Result<_, Problem>>()?,
            timeouts: timeouts.collect::<Result<_, Problem>>()?,
            breakers: breakers.collect::<Result<_, Problem>>()?,
            inbound: targets.components.into_iter().map(|(name, directions)| (name, directions.inbound)).collect(),
            apps: targets.apps,
        };
        resiliency.check_names()?;
        resiliency.warn_of_expressions(&document.metadata.name);
        Ok(resiliency)
    }

    fn warn_of_expressions(&self, resiliency: &str) {
        for (app, names) in &self.apps {
            if let Some(name) = &names.circuit_breaker
                && self.breakers.get(name) == Some(&None)
            {
                let advice = "the embedded sidecar understands consecutiveFailures > n and >= n";
                tracing::warn!(resiliency, app, breaker = name, "a circuit breaker is passed over: {advice}");
            }
        }
    }

    /// A policy that is not there would be no policy, in silence.
    fn check_names(&self) -> Result<(), Problem> {
        let inbound = self.inbound.iter().map(|(name, names)| (format!("components.{name}.inbound"), names));
        let apps = self.apps.iter().map(|(name, names)| (format!("apps.{name}"), names));
        for (target, names) in inbound.chain(apps) {
            let given = [
                ("retry", &names.retry, names.retry.as_ref().is_none_or(|name| self.retries.contains_key(name))),
                ("timeout", &names.timeout, names.timeout.as_ref().is_none_or(|name| self.timeouts.contains_key(name))),
                (
                    "circuitBreaker",
                    &names.circuit_breaker,
                    names.circuit_breaker.as_ref().is_none_or(|name| self.breakers.contains_key(name)),
                ),
            ];
            if let Some((kind, Some(name), _)) = given.into_iter().find(|(.., known)| !known) {
                return Err(Problem(format!(
                    "targets.{target}.{kind} is {name:?}, but there is no such policy in this document"
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

fn warn_of_what_is_passed_over(resiliency: &str, targets: &Targets) {
    let warn = |what: &str| {
        tracing::warn!(resiliency, "{what} is not supported by the embedded sidecar and passed over");
    };
    for name in targets.actors.keys() {
        warn(&format!("targets.actors.{name}"));
    }
    for (name, directions) in &targets.components {
        if directions.outbound.is_some() {
            // Nothing is missed by that: there is no broker to be away, only the database, and its answer is waited for.
            tracing::info!(resiliency, component = name, "outbound policies say nothing to the embedded sidecar");
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
            None => (default(&DEFAULTS, "Retry", &retries), default(&DEFAULTS, "Timeout", &timeouts)),
        };
        let retry = retry.and_then(|name| retries.get(&name).copied()).cloned();
        let timeout = timeout.and_then(|name| timeouts.get(&name).copied()).copied();
        Self { retry, timeout: timeout.filter(|timeout| !timeout.is_zero()) }
    }
}

impl AppPolicy {
    /// What `resiliencies` together say of invocations of `app`, by the same rules.
    pub(super) fn of<'a>(app: &str, resiliencies: impl Iterator<Item = &'a Resiliency>) -> Self {
        let (mut retries, mut timeouts, mut breakers, mut target) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), None);
        for one in resiliencies {
            retries.extend(&one.retries);
            timeouts.extend(&one.timeouts);
            breakers.extend(&one.breakers);
            target = one.apps.get(app).or(target);
        }
        let [retry, timeout, breaker] = match target {
            Some(names) => [names.retry.clone(), names.timeout.clone(), names.circuit_breaker.clone()],
            None => [
                default(&APP_DEFAULTS, "Retry", &retries),
                default(&APP_DEFAULTS, "Timeout", &timeouts),
                default(&APP_DEFAULTS, "CircuitBreaker", &breakers),
            ],
        };
        let retry = retry.and_then(|name| retries.get(&name).copied()).cloned();
        let timeout = timeout.and_then(|name| timeouts.get(&name).copied()).copied();
        let breaker = breaker.and_then(|name| breakers.get(&name).copied()).copied().flatten();
        Self { retry, timeout: timeout.filter(|timeout| !timeout.is_zero()), breaker }
    }
}

/// The name of the default policy of a kind, if there is one.
fn default<T>(prefixes: &[&str], kind: &str, policies: &BTreeMap<&String, T>) -> Option<String> {
    prefixes.iter().map(|prefix| format!("{prefix}{kind}Policy")).find(|name| policies.contains_key(name))
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
