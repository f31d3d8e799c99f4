//! The conformance suite: what the services rely on a Dapr sidecar for, one row a behaviour, as daprd 1.18 shows it.
//!
//! The rows are data ([`rows`]) and are put to each [`target::Target`]: the embedded sidecar, and with `CONFORMANCE_SIDECAR=daprd` a
//! real daprd too, with Kafka and Dapr's scheduler behind it. A number after `--` picks a row.
#![expect(clippy::print_stdout, reason = "the table is what the suite is for")]

mod app;
mod case;
mod document;
mod rows;
mod run;
mod target;

use std::process::ExitCode;

use case::{Row, Setup, Side};
use run::Bench;
use target::{Daprd, Embedded, Target};

/// How to have the page written.
const WRITING: &str = "CONFORMANCE_SIDECAR=daprd cargo test -p sidecar --test conformance";

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
    let outcome =
        tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(run(&numbers)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the suite cannot run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Puts the rows with these numbers, or all, to the sidecars; tells whether everything is as they say, the page included.
async fn run(numbers: &[u8]) -> anyhow::Result<bool> {
    let mut rows = rows::all();
    rows.retain(|row| numbers.is_empty() || numbers.contains(&row.number));
    let mut holds = put_all(&Embedded, "the embedded sidecar", &rows).await?;
    let real = match std::env::var("CONFORMANCE_SIDECAR").as_deref() {
        Ok("daprd") => true,
        Ok(other) if other != "embedded" => {
            anyhow::bail!("CONFORMANCE_SIDECAR is {other:?}: say daprd, or nothing for the embedded sidecar alone")
        }
        _ => false,
    };
    if real {
        let own = rows.iter().filter_map(|row| row.case(Side::Daprd)).filter(|case| case.setup != Setup::default());
        let daprd = Daprd::start(1 + own.count()).await?;
        let put = put_all(&daprd, "daprd", &rows).await;
        holds &= *put.as_ref().unwrap_or(&false);
        daprd.stop(!holds).await?;
        put?;
    }
    if !numbers.is_empty() || document::is_current(&rows) {
        return Ok(holds);
    }
    if real && holds {
        document::write(&rows)?;
        println!("docs/CONFORMANCE.md was not what the rows say, and is written anew\n");
    } else {
        println!("docs/CONFORMANCE.md is not what the rows say: {WRITING} writes it\n");
    }
    Ok(false)
}

/// Puts the rows to the target, all those with the usual setup to one sidecar, and prints the table.
async fn put_all<T: Target>(target: &T, name: &str, rows: &[Row]) -> anyhow::Result<bool> {
    println!("\nConformance of {name}\n\n| row | title | outcome |\n|---|---|---|");
    let mut usual = Bench::set_up(target, Setup::default()).await?;
    let mut differ = 0;
    for row in rows {
        let outcome = match row.case(target.side()) {
            None => "not supported".to_owned(),
            Some(case) => {
                let outcome = if case.setup == Setup::default() {
                    usual.put(case).await
                } else {
                    let mut bench = Bench::set_up(target, case.setup.clone()).await?;
                    let outcome = bench.put(case).await;
                    bench.tear_down().await;
                    outcome
                };
                differ += usize::from(outcome.is_err());
                outcome.map_or_else(|error| format!("DIFFERS: {error:#}"), |()| "as it says".to_owned())
            }
        };
        println!("| {} | {} | {outcome} |", row.number, row.title);
    }
    usual.tear_down().await;
    println!("\n{} cases, {differ} differ\n", rows.len());
    Ok(differ == 0)
}
