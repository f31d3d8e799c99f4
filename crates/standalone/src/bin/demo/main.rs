//! `demo`: ten people write a thousand tasks into a running system, and everything that should follow is checked: the rows, the
//! history, and what each person's socket saw.

mod chores;
mod person;
mod report;

use std::io::Write as _;
use std::time::Instant;

use anyhow::ensure;
use clap::Parser;
use futures::future::try_join_all;
use person::Person;
use platform::clock::Clock;

/// Fills a running system with people and tasks, and checks what follows from them.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Arguments {
    /// The REST API of the system
    #[arg(long, default_value = "http://localhost:8000")]
    api: String,
    /// The WebSocket of the system
    #[arg(long, default_value = "ws://localhost:8005/ws")]
    socket: String,
    /// How many people
    #[arg(long, default_value_t = 10)]
    people: usize,
    /// How many tasks each of them writes
    #[arg(long, default_value_t = 100)]
    tasks: usize,
    /// How many changes to time on their way to the socket
    #[arg(long, default_value_t = 200)]
    changes: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let clock = Clock::system();
    let mut out = std::io::stdout();
    let names = (0..arguments.people).map(|n| Person::register(&arguments.api, &arguments.socket, n, &clock));
    let mut people = try_join_all(names).await?;
    writeln!(out, "{} people registered, a socket each", people.len())?;

    let started = Instant::now();
    try_join_all(people.iter().map(|person| person.write(arguments.tasks, &clock))).await?;
    let written = arguments.people * arguments.tasks;
    let took = started.elapsed().as_secs_f64();
    writeln!(out, "{written} tasks written in {took:.1} s")?;

    let (mut rows, mut entries, mut seen) = (0, 0, 0);
    for person in &mut people {
        seen += person.watch(arguments.tasks).await?;
        rows += person.count("tasks", "").await?;
        entries += person.history(arguments.tasks).await?;
    }
    writeln!(out, "{rows} rows, {entries} audit entries of creations")?;
    writeln!(out, "{seen} creations seen on the sockets: each their own, in order, none of another's")?;
    ensure!(rows == written && entries == written && seen == written, "something is missing or too much");

    let times = people[0].time_changes(arguments.changes).await?;
    report::latency(&mut out, "PATCH sent → another client's socket", times)
}
