//! The conformance suite: what the services rely on a Dapr sidecar for, one row a behaviour, as daprd 1.18 shows it.
//!
//! The rows are data ([`rows`]) and are put to a [`target::Target`]: the embedded sidecar, which the suite starts itself, or, with
//! `CONFORMANCE_SIDECAR_URL` and `CONFORMANCE_APP_PORT`, one that runs already. A number after `--` picks a row.
#![expect(clippy::print_stdout, reason = "the table is what the suite is for")]

mod app;
mod case;
mod rows;
mod run;
mod target;

use std::process::ExitCode;

use case::{Content, Row, Setup};
use run::{Bench, Verdict};
use target::{Embedded, Given, Target};

/// Where the embedded sidecar is meant to be another than daprd, so that no row asks for daprd's way.
const DIFFERENCES: [&str; 8] = [
    "a job whose app refuses connections waits for it; daprd counts failed attempts and deletes a one-shot job after four",
    "RETRY is delivered again, as with Kafka; daprd's in-memory component loses it, and locks up on its own topic",
    "a name is resolved at once; daprd's mDNS may take a second",
    "jobs of a process that was killed are called for 10 s later; daprd's scheduler takes about 23 s",
    "a pause before another attempt counts from the failure; daprd's from the time of the tick",
    "a schedule that never comes, an interval of zero and a ttl before the first tick are refused; daprd takes them",
    "a job without data is posted as null; daprd up to 1.18.2 drops it",
    "numbers in the data of a job keep their digits; daprd makes doubles of them",
];

fn main() -> ExitCode {
    // `cargo test` passes its own flags and filters to every test binary; only a number is meant for this one.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let named: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let numbers: Vec<u8> = named.iter().filter_map(|argument| argument.parse().ok()).collect();
    if numbers.is_empty() && !named.is_empty() {
        return ExitCode::SUCCESS;
    }
    let mut rows = rows::all();
    rows.retain(|row| numbers.is_empty() || numbers.contains(&row.number));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let given = std::env::var("CONFORMANCE_SIDECAR_URL").ok();
    let port = std::env::var("CONFORMANCE_APP_PORT").ok().and_then(|port| port.parse().ok());
    match (given, port) {
        (None, _) => runtime.block_on(put_all(&Embedded, &rows)),
        (Some(url), Some(app_port)) => runtime.block_on(put_all(&Given { url, app_port }, &rows)),
        (Some(_), None) => {
            println!("CONFORMANCE_SIDECAR_URL needs CONFORMANCE_APP_PORT, the port at which it expects the app");
            ExitCode::FAILURE
        }
    }
}

/// Puts the rows to the target, all those with the usual setup to one sidecar, and prints the table.
async fn put_all<T: Target>(target: &T, rows: &[Row]) -> ExitCode {
    let mut outcomes: Vec<(&Row, Result<String, String>)> = Vec::new();
    let mut usual = match Bench::set_up(target, Setup::default()).await {
        Ok(usual) => usual,
        Err(error) => {
            println!("{} cannot be set up: {error:#}", target.name());
            return ExitCode::FAILURE;
        }
    };
    for row in rows {
        let outcome = match &row.content {
            Content::NotHere(reason) => Ok(format!("not supported: {reason}")),
            Content::Case(case) if case.setup == Setup::default() => match &mut usual {
                Some(bench) => told(bench.put(case).await),
                None => told(Verdict::NotPossible),
            },
            Content::Case(case) => told(match Bench::set_up(target, case.setup.clone()).await {
                Ok(Some(mut bench)) => {
                    let verdict = bench.put(case).await;
                    bench.tear_down().await;
                    verdict
                }
                Ok(None) => Verdict::NotPossible,
                Err(error) => Verdict::Differs(error),
            }),
        };
        outcomes.push((row, outcome));
    }
    if let Some(usual) = usual {
        usual.tear_down().await;
    }
    print(&target.name(), &mut outcomes)
}

fn told(verdict: Verdict) -> Result<String, String> {
    match verdict {
        Verdict::Holds => Ok("holds".to_owned()),
        Verdict::NotPossible => Ok("not put: this target cannot be set up so".to_owned()),
        Verdict::Differs(error) => Err(format!("DIFFERS: {error:#}")),
    }
}

fn print(target: &str, outcomes: &mut [(&Row, Result<String, String>)]) -> ExitCode {
    outcomes.sort_by_key(|(row, _)| row.number);
    println!("\nConformance of {target}\n\n| row | title | outcome |\n|---|---|---|");
    for (row, outcome) in &*outcomes {
        let (Ok(outcome) | Err(outcome)) = outcome;
        println!("| {} | {} | {outcome} |", row.number, row.title);
    }
    println!("\nMeant to differ from daprd, and not asked for:");
    for difference in DIFFERENCES {
        println!("- {difference}");
    }
    let (wrong, all) = (outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count(), outcomes.len());
    println!("\n{all} cases, {wrong} differ\n");
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
