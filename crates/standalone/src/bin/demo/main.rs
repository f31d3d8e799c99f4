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
use standalone::{Ports, service_port};

/// Fills a running system with people and tasks, and checks what follows from them.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Arguments {
    /// Which system is meant: what was added to its ports
    #[arg(long, value_name = "N", env = "TIDINGS_PORT_OFFSET", hide_env_values = true, default_value_t = 0)]
    port_offset: u16,
    /// The REST API of the system, where that is elsewhere
    #[arg(long)]
    api: Option<String>,
    /// The WebSocket of the system, where that is elsewhere
    #[arg(long)]
    socket: Option<String>,
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

impl Arguments {
    /// Of the REST API and of the WebSocket.
    fn addresses(&self) -> anyhow::Result<(String, String)> {
        let port = |app_id| service_port(app_id, Ports::Offset(self.port_offset));
        let (api, socket) = (port(backend_api::APP_ID)?, port(websocket_service::APP_ID)?);
        let api = self.api.clone().unwrap_or_else(|| format!("http://localhost:{api}"));
        Ok((api, self.socket.clone().unwrap_or_else(|| format!("ws://localhost:{socket}/ws"))))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let clock = Clock::system();
    let mut out = std::io::stdout();
    let (api, socket) = arguments.addresses()?;
    let names = (0..arguments.people).map(|n| Person::register(&api, &socket, n, &clock));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(arguments: &[&str]) -> (String, String) {
        Arguments::parse_from([&["demo"], arguments].concat()).addresses().unwrap()
    }

    #[test]
    fn the_system_is_where_its_offset_says_unless_told_otherwise() {
        let of = |api: &str, socket: &str| (api.to_owned(), socket.to_owned());
        let offset = ["--port-offset", "100"];
        assert_eq!(addresses(&offset), of("http://localhost:8100", "ws://localhost:8105/ws"));
        let elsewhere = [&offset[..], &["--api", "http://there"]].concat();
        assert_eq!(addresses(&elsewhere), of("http://there", "ws://localhost:8105/ws"));
    }
}
