//! Retry policies: how often something is tried again, and after which pauses.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::document::Problem;
use crate::duration;

/// A retry policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    pub(crate) pauses: Pauses,
    /// How many attempts may follow the first. `None`: any number.
    pub(crate) max_retries: Option<u32>,
    /// The statuses that are worth another attempt; empty means all.
    pub(crate) statuses: Vec<RangeInclusive<u16>>,
}

/// The pauses before the attempts that follow the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// Always the same.
    Constant(Duration),
    /// Growing, with some chance in them, up to this.
    Exponential(Duration),
}

/// A policy as a file says it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default)]
    policy: String,
    duration: Option<String>,
    max_interval: Option<String>,
    max_retries: Option<i64>,
    matching: Option<Matching>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matching {
    #[serde(rename = "httpStatusCodes", default)]
    http: String,
    /// Nothing here speaks gRPC to an app.
    #[serde(rename = "gRPCStatusCodes", default)]
    _grpc: String,
}

impl Retry {
    pub(super) fn new(spec: Spec) -> Result<Self, Problem> {
        let read = |text: Option<String>, default| text.map_or(Ok(default), |text| duration::parse(&text));
        let constant = read(spec.duration, Duration::from_secs(5)).map_err(Problem)?;
        let longest = read(spec.max_interval, Duration::from_mins(1)).map_err(Problem)?;
        let pauses = match spec.policy.to_ascii_lowercase().as_str() {
            "" | "constant" => Pauses::Constant(constant),
            "exponential" => Pauses::Exponential(longest),
            _ => return Err(Problem(format!("policy is {:?}, not constant or exponential", spec.policy))),
        };
        // Below zero is as often as it takes.
        let max_retries = match spec.max_retries.unwrap_or(-1) {
            ..0 => None,
            number => Some(u32::try_from(number).unwrap_or(u32::MAX)),
        };
        let statuses = spec.matching.map_or(Ok(Vec::new()), |matching| statuses(&matching.http))?;
        Ok(Self { pauses, max_retries, statuses })
    }

    /// Whether another attempt is worth it after a failure; `status` is what the app answered, unless it failed otherwise.
    pub(crate) fn is_for(&self, status: Option<StatusCode>) -> bool {
        let Some(status) = status else { return true };
        self.statuses.is_empty() || self.statuses.iter().any(|range| range.contains(&status.as_u16()))
    }
}

/// `429,500-599` → both.
fn statuses(text: &str) -> Result<Vec<RangeInclusive<u16>>, Problem> {
    let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
    let read = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (100 <= first && first <= last && last <= 599).then_some(first..=last)
    };
    ranges
        .map(|range| {
            read(range)
                .ok_or_else(|| Problem(format!("{range:?} is no HTTP status from 100 to 599 and no range of them")))
        })
        .collect()
}
