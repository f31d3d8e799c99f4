//! Settings: environment variables, read once at start into typed configuration, every mistake told at once.
//!
//! The launcher gives each service its variables without touching the process environment; a service cannot tell the
//! difference.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use crate::dapr::publish::PublisherType;
use crate::dapr::topics::TopicNames;

/// A value that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a service is configured from.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The environment of this process.
    pub fn from_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The same with `name` set, whatever it was before.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same without those whose name and value do not pass.
    #[must_use]
    pub fn filtered(mut self, pass: impl Fn(&str, &str) -> bool) -> Self {
        self.0.retain(|name, value| pass(name, value));
        self
    }

    /// Each name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Every mistake of a configuration, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is invalid:\n{}", .0.join("\n"))]
pub struct ConfigErrors(pub Vec<String>);

/// Reads variables one by one and remembers what was wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    variables: &'a Variables,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Begins reading.
    pub fn new(variables: &'a Variables) -> Self {
        Self { variables, mistakes: Vec::new() }
    }

    /// The variable, if it is set and not empty.
    pub fn optional(&self, name: &str) -> Option<&'a str> {
        self.variables.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The variable; its absence is a mistake, told with `hint`.
    pub fn required(&mut self, name: &str, hint: &str) -> String {
        if let Some(value) = self.optional(name) {
            return value.to_owned();
        }
        self.mistake(name, &format!("is not set: {hint}"));
        String::new()
    }

    /// The variable parsed, or `default` when it is not set.
    pub fn parse_or<T: FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: fmt::Display,
    {
        match self.optional(name).map(T::from_str) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(why)) => {
                self.mistake(name, &format!("cannot be read: {why}"));
                default
            }
        }
    }

    /// Remembers what is wrong with `name`.
    pub fn mistake(&mut self, name: &str, what: &str) {
        self.mistakes.push(format!("  {name} {what}"));
    }

    /// The configuration, unless something was wrong.
    ///
    /// # Errors
    /// Every mistake that was remembered.
    pub fn finish<C>(self, config: C) -> Result<C, ConfigErrors> {
        if self.mistakes.is_empty() { Ok(config) } else { Err(ConfigErrors(self.mistakes)) }
    }
}

/// How a service stops: within 10 s in all, of which these are at most 6.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// `LAME_DUCK_SECONDS`: how long `/readyz` says no before new connections are refused; 0 unless a load balancer that
    /// asks for it needs the time to look elsewhere.
    pub lame_duck: Duration,
    /// `DRAIN_SECONDS`: how long requests under way may take after that; 5 unless set.
    pub requests: Duration,
}

impl Drain {
    fn read(reader: &mut Reader<'_>) -> Self {
        let lame_duck: u64 = reader.parse_or("LAME_DUCK_SECONDS", 0);
        let requests: u64 = reader.parse_or("DRAIN_SECONDS", 5);
        if lame_duck.saturating_add(requests) > 6 {
            reader
                .mistake("DRAIN_SECONDS", "and LAME_DUCK_SECONDS are at most 6 together: a service stops within 10 s");
        }
        Self { lame_duck: Duration::from_secs(lame_duck), requests: Duration::from_secs(requests) }
    }
}

/// Where a service listens and where its sidecar is.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// `BIND_ADDRESS`, loopback unless set.
    pub bind_address: IpAddr,
    /// `PORT`.
    pub port: u16,
    /// `DAPR_HTTP_PORT`: the sidecar's HTTP API, on loopback.
    pub dapr_http_port: u16,
    /// `DAPR_GRPC_PORT`: the sidecar's gRPC API, on loopback.
    pub dapr_grpc_port: u16,
    /// `DAPR_API_TOKEN`: what we show the sidecar.
    pub dapr_api_token: Option<Secret>,
    /// `APP_API_TOKEN`: what the sidecar shows us.
    pub app_api_token: Option<Secret>,
    /// `EVENT_PUBLISHER_TYPE`: where its events go.
    pub publisher: PublisherType,
    /// What the topics are called on the broker.
    pub topics: TopicNames,
    /// How it stops.
    pub drain: Drain,
    /// `MAX_REQUESTS_IN_PROGRESS`: how many requests of clients it works on at a time, 1 to 100,000; 1,000 unless set.
    pub max_requests_in_progress: usize,
}

impl ServiceConfig {
    /// Reads the part that every service has; the ports default to those of the service.
    pub fn read(reader: &mut Reader<'_>, port: u16, dapr_http_port: u16, dapr_grpc_port: u16) -> Self {
        let max_requests_in_progress = reader.parse_or("MAX_REQUESTS_IN_PROGRESS", 1_000);
        if !(1..=100_000).contains(&max_requests_in_progress) {
            reader.mistake("MAX_REQUESTS_IN_PROGRESS", "must be 1 to 100000");
        }
        Self {
            bind_address: reader.parse_or("BIND_ADDRESS", IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: reader.parse_or("PORT", port),
            dapr_http_port: reader.parse_or("DAPR_HTTP_PORT", dapr_http_port),
            dapr_grpc_port: reader.parse_or("DAPR_GRPC_PORT", dapr_grpc_port),
            dapr_api_token: reader.optional("DAPR_API_TOKEN").map(Secret::new),
            app_api_token: reader.optional("APP_API_TOKEN").map(Secret::new),
            publisher: reader.parse_or("EVENT_PUBLISHER_TYPE", PublisherType::default()),
            topics: TopicNames::read(reader),
            drain: Drain::read(reader),
            max_requests_in_progress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let variables = Variables::default()
            .with("PORT", "eighty")
            .with("DRAIN_SECONDS", "60")
            .with("MAX_REQUESTS_IN_PROGRESS", "0");
        let mut reader = Reader::new(&variables);
        let config = ServiceConfig::read(&mut reader, 8000, 3500, 13_500);
        reader.required("DATABASE_URL", "a postgres:// address");
        let ConfigErrors(mistakes) = reader.finish(config).unwrap_err();
        let text = mistakes.join("\n");
        assert_eq!(mistakes.len(), 4, "{text}");
        for name in ["PORT", "DRAIN_SECONDS", "MAX_REQUESTS_IN_PROGRESS", "DATABASE_URL"] {
            assert!(text.contains(name), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
    }
}
