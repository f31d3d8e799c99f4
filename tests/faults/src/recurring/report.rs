//! The table of the recurring tasks.

use std::fmt;

use super::check::Findings;
use crate::report::{Outcome, quantiles};
use crate::scenario::Scenario;

/// The line above the rows.
pub(crate) const HEAD: &str = "\
recurring tasks                        | times | seconds | completed | next | history | in between | faults in between \
| next after p50/p99/max ms | result";

/// One line.
#[derive(Debug)]
pub(crate) struct Row {
    name: &'static str,
    times: u32,
    outage: String,
    findings: Findings,
    pub(crate) outcome: Outcome,
}

impl Row {
    pub(super) fn of(scenario: &Scenario, full: bool, findings: Findings) -> Self {
        let wrong = findings.wrong.clone();
        let outcome = if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed(wrong) };
        Self { times: scenario.times(full), findings, ..Self::empty(scenario, outcome) }
    }

    fn empty(scenario: &Scenario, outcome: Outcome) -> Self {
        Self { name: scenario.name, times: 0, outage: scenario.outage(), findings: Findings::default(), outcome }
    }

    /// This machine cannot show it.
    pub(super) fn skipped(scenario: &Scenario, reason: String) -> Self {
        Self::empty(scenario, Outcome::Skipped(reason))
    }

    /// It could not be seen to its end.
    pub(crate) fn broken(scenario: &Scenario, error: &anyhow::Error) -> Self {
        Self::empty(scenario, Outcome::Failed(vec![format!("{error:#}")]))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { completed, next, entries, between, met, after, .. } = &self.findings;
        let (after, outcome) = (quantiles(after), &self.outcome);
        write!(
            f,
            "{:<38} | {:>5} | {:>7} | {completed:>9} | {next:>4} | {entries:>7} | {between:>10} | {met:>17} | {after:>25} | {outcome}",
            self.name, self.times, self.outage
        )
    }
}
