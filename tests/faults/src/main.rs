//! Breaks a running system in every way at hand, while people write, and counts what is left afterwards: every
//! acknowledged write is one entry of the history and one message of the socket, none is missing, none came twice. Then again,
//! while reminders are due: each is sent once. And again, while tasks that repeat are completed: each has one next instance.
#![expect(clippy::print_stdout, reason = "the table is the point")]

mod check;
mod dead_letters;
mod disk;
mod fault;
mod follower;
mod home;
mod jobs;
mod journal;
mod person;
mod poison;
mod process;
mod recurring;
mod reminders;
mod report;
mod run;
mod scenario;
mod system;
mod traffic;
mod writer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use scenario::{Scenario, Sidecars};

use crate::report::{Outcome, Row};

/// Injects faults into a system under load.
#[derive(Debug, Parser)]
struct Arguments {
    /// The launcher to break
    #[arg(long)]
    tidings: PathBuf,
    /// Which system: everything in one process, or a process for each part with real sidecars and a broker
    #[arg(long, value_enum, default_value_t = Sidecars::Embedded)]
    sidecars: Sidecars,
    /// As often and as long as before a release, instead of a run of a few minutes
    #[arg(long)]
    full: bool,
    /// Draws the same moments of the kills and the same choices of each writer again; what the system is doing at such a
    /// moment, and which connections are cut, need not be the same
    #[arg(long)]
    seed: Option<u64>,
    /// Only these scenarios, by the start of their names
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Writes per second, of all users together (default: 100, with daprd 50)
    #[arg(long)]
    rate: Option<u32>,
    /// How many users write
    #[arg(long, default_value_t = 20)]
    users: usize,
}

impl Arguments {
    fn wants(&self, scenario: &Scenario) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| scenario.name.starts_with(name.as_str()))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let random = platform::random::Random::system();
    let seed = arguments.seed.unwrap_or_else(|| u64::from(u32::from_le_bytes(random.bytes())));
    let Arguments { sidecars, full, users, .. } = arguments;
    let rate = arguments.rate.unwrap_or(sidecars.rate());
    let kind = if full { "full" } else { "short" };
    println!("a {kind} run: {rate} writes/s by {users} users, seed {seed}");
    let load = run::Load { tidings: arguments.tidings.clone(), sidecars, rate, users, seed };
    let mut failures = Vec::new();
    let mut head = Some(report::HEAD);
    for scenario in sidecars.scenarios().iter().filter(|scenario| arguments.wants(scenario)) {
        print_head(&mut head);
        let row = run::run(&load, scenario, full).await.unwrap_or_else(|error| Row::broken(scenario, &error));
        println!("{row}");
        failures.extend(reasons(scenario, row.outcome));
    }
    let mut head = Some(reminders::HEAD);
    for scenario in sidecars.reminders().iter().filter(|scenario| arguments.wants(scenario)) {
        print_head(&mut head);
        let row = reminders::run(&load, scenario, full).await;
        let row = row.unwrap_or_else(|error| reminders::Row::broken(scenario, &error));
        println!("{row}");
        failures.extend(reasons(scenario, row.outcome));
    }
    let mut head = Some(recurring::HEAD);
    for scenario in sidecars.recurring().iter().filter(|scenario| arguments.wants(scenario)) {
        print_head(&mut head);
        let row = recurring::run(&load, scenario, full).await;
        let row = row.unwrap_or_else(|error| recurring::Row::broken(scenario, &error));
        println!("{row}");
        failures.extend(reasons(scenario, row.outcome));
    }
    for failure in &failures {
        println!("\nFAILED {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Above the first row of a table.
fn print_head(head: &mut Option<&str>) {
    if let Some(head) = head.take() {
        println!("\n{head}");
    }
}

/// Why the row fails the run, if it does.
fn reasons(scenario: &Scenario, outcome: Outcome) -> Vec<String> {
    let reasons = match outcome {
        Outcome::Failed(reasons) => reasons,
        Outcome::Skipped(reason) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
            vec![format!("{reason}; with CI=true nothing may be skipped")]
        }
        Outcome::Passed | Outcome::Skipped(_) => Vec::new(),
    };
    reasons.into_iter().map(|reason| format!("{}: {reason}", scenario.name)).collect()
}
