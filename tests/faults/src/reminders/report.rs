//! The table of the reminders.

use std::fmt;

use super::check::Findings;
use crate::report::{Outcome, quantiles};
use crate::scenario::Scenario;

/// The line above the rows.
pub(crate) const HEAD: &str = "\
reminders                              | times | seconds | reminders | sent | in app | history | mails | in doubt \
| fired late p50/p99/max ms | mailed late p50/p99/max ms | result";

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
        let Findings { reminders, sent, in_app, entries, mails, in_doubt, fired_late, mailed_late, .. } =
            &self.findings;
        let (fired, mailed, outcome) = (quantiles(fired_late), quantiles(mailed_late), &self.outcome);
        write!(
            f,
            "{:<38} | {:>5} | {:>7} | {reminders:>9} | {sent:>4} | {in_app:>6} | {entries:>7} | {mails:>5} | {in_doubt:>8} \
             | {fired:>25} | {mailed:>26} | {outcome}",
            self.name, self.times, self.outage
        )
    }
}
