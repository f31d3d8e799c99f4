//! `bench-load`: the load, the stand-ins and the stopwatch of `bench/run`, which says what each is for in `bench/README.md`.
//! It is pinned to one core from outside, so it has one thread. Every measurement is one line of JSON on standard output.

mod closed_loop;
mod fan_out;
mod idle;
mod people;
mod process;
mod publish;
mod quantiles;
mod recurring;
mod reminders;
mod server;
mod sidecar;
mod socket;
mod stalled;
mod target;
mod updates;

use std::io::Write as _;

use clap::{Parser, Subcommand};
use serde_json::Value;

#[derive(Debug, Parser)]
#[command(name = "bench-load")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a Postgres server until told to stop; its address and process id are printed, and the port of PgBouncer before it where that is installed
    Postgres(server::Arguments),
    /// Write tokens for many users, and the keys that verify them, into a file
    Tokens(people::Arguments),
    /// Stand in for the Dapr sidecar of the baseline
    Sidecar(sidecar::Arguments),
    /// Send requests, each connection as soon as it was answered
    Http(closed_loop::Arguments),
    /// Ask for reminders, 50 to a task
    Reminders(reminders::Arguments),
    /// Complete tasks that repeat, and measure until their owner's socket tells of the next ones
    Recurring(recurring::Arguments),
    /// Publish events through a sidecar, in batches
    Publish(publish::Arguments),
    /// Change tasks at a steady rate, and measure until another client's socket tells
    Updates(updates::Arguments),
    /// Open many sockets and measure what they weigh
    Idle(idle::Arguments),
    /// Send one update to many sockets of one user
    FanOut(fan_out::Arguments),
    /// Let sockets stop reading, and measure what that does to the others
    Stalled(stalled::Arguments),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Postgres(arguments) => server::run(arguments).await,
        Command::Tokens(arguments) => people::write(&arguments),
        Command::Sidecar(arguments) => sidecar::run(arguments).await,
        Command::Http(arguments) => print(&closed_loop::run(arguments).await?),
        Command::Reminders(arguments) => print(&reminders::run(&arguments).await?),
        Command::Recurring(arguments) => print(&recurring::run(&arguments).await?),
        Command::Publish(arguments) => print(&publish::run(&arguments).await?),
        Command::Updates(arguments) => print(&updates::run(&arguments).await?),
        Command::Idle(arguments) => print(&idle::run(&arguments).await?),
        Command::FanOut(arguments) => print(&fan_out::run(&arguments).await?),
        Command::Stalled(arguments) => print(&stalled::run(&arguments).await?),
    }
}

fn print(measured: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{measured}")?;
    Ok(out.flush()?)
}
