//! The table of the reminders.

use std::fmt;
use std::time::Duration;

use super::check::Findings;
use crate::report::Outcome;
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

/// `<median>/<99th percentile>/<longest>` in milliseconds, by nearest rank.
fn spread(times: &[Duration]) -> String {
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
        let Findings { reminders, sent, in_app, entries, mails, in_doubt, fired_late, mailed_late, .. } =
            &self.findings;
        let (fired, mailed, outcome) = (spread(fired_late), spread(mailed_late), &self.outcome);
        write!(
            f,
            "{:<38} | {:>5} | {:>7} | {reminders:>9} | {sent:>4} | {in_app:>6} | {entries:>7} | {mails:>5} | {in_doubt:>8} \
             | {fired:>25} | {mailed:>26} | {outcome}",
            self.name, self.times, self.outage
        )
    }
}
