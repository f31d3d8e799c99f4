//! The table.

use std::fmt;
use std::time::Duration;

use crate::check::Findings;
use crate::scenario::Scenario;

/// The line above the rows.
pub(crate) const HEAD: &str = "\
fault                         | times | seconds | acknowledged | history | socket | duplicates | gaps | refused | slowest | unclear \
| recovery p50/max ms | live p50/max ms | all told p50/max ms | result";

/// How it ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(Vec<String>),
    Skipped(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed(_) => f.write_str("FAILED"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

/// One line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) times: u32,
    /// How long each lasts in a short run, and in a full one.
    pub(crate) outage: String,
    pub(crate) findings: Findings,
    pub(crate) refused: usize,
    pub(crate) slowest_refusal: Duration,
    pub(crate) unclear: usize,
    /// From the fault, or its end, to the first acknowledged write.
    pub(crate) recovery: Vec<Duration>,
    /// The same to the first message of a socket about such a write.
    pub(crate) live: Vec<Duration>,
    /// The same until the sockets and the history had told everything that was acknowledged by then.
    pub(crate) caught_up: Vec<Duration>,
    pub(crate) outcome: Outcome,
}

impl Row {
    fn empty(scenario: &Scenario, outcome: Outcome) -> Self {
        Self {
            name: scenario.name,
            times: 0,
            outage: scenario.outage(),
            findings: Findings::default(),
            refused: 0,
            slowest_refusal: Duration::ZERO,
            unclear: 0,
            recovery: Vec::new(),
            live: Vec::new(),
            caught_up: Vec::new(),
            outcome,
        }
    }

    /// This machine cannot show it.
    pub(crate) fn skipped(scenario: &Scenario, reason: String) -> Self {
        Self::empty(scenario, Outcome::Skipped(reason))
    }

    /// It could not be seen to its end.
    pub(crate) fn broken(scenario: &Scenario, error: &anyhow::Error) -> Self {
        Self::empty(scenario, Outcome::Failed(vec![format!("{error:#}")]))
    }
}

/// `<median>/<longest>` in milliseconds.
fn spread(times: &[Duration]) -> String {
    let mut times: Vec<u128> = times.iter().map(Duration::as_millis).collect();
    times.sort_unstable();
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(longest)) => format!("{median}/{longest}"),
        _ => "-".to_owned(),
    }
}

/// `<median>/<99th percentile>/<longest>` in milliseconds, by nearest rank.
pub(crate) fn quantiles(times: &[Duration]) -> String {
    let mut times: Vec<u128> = times.iter().map(Duration::as_millis).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
    match (at(50), at(99), times.last()) {
        (Some(median), Some(p99), Some(longest)) => format!("{median}/{p99}/{longest}"),
        _ => "-".to_owned(),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { acknowledged, entries, told, duplicates, gaps, .. } = &self.findings;
        let outcome = &self.outcome;
        let (recovery, live, caught_up) = (spread(&self.recovery), spread(&self.live), spread(&self.caught_up));
        let (slowest, refused) = (self.slowest_refusal.as_millis(), self.refused);
        write!(
            f,
            "{:<29} | {:>5} | {:>7} | {acknowledged:>12} | {entries:>7} | {told:>6} | {duplicates:>10} | {gaps:>4} | {refused:>7} \
             | {slowest:>7} | {:>7} | {recovery:>19} | {live:>15} | {caught_up:>19} | {outcome}",
            self.name, self.times, self.outage, self.unclear
        )
    }
}
