//! What an open socket weighs in the server's memory.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::people::{People, Person};
use crate::process::{check_open_files, resident_bytes};
use crate::quantiles::milliseconds;
use crate::socket::{self, Socket, next_text};

/// Sockets that are being opened at the same time.
const AT_ONCE: usize = 64;

/// How long one that is told to try again does so.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the server says with a 503.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The port of the sockets
    #[arg(long)]
    socket_port: u16,
    #[arg(long)]
    tokens: PathBuf,
    /// The process that serves them
    #[arg(long)]
    pid: u32,
    #[arg(long, default_value_t = 10_000)]
    sockets: usize,
    /// Users who share them
    #[arg(long, default_value_t = 1000)]
    users: usize,
    /// Time that is let pass before memory is read
    #[arg(long, default_value_t = 5)]
    settle: u64,
}

/// Measures.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    check_open_files(arguments.sockets)?;
    let people = People::read(&arguments.tokens)?.take(arguments.users)?;
    // What the first sockets make the server set up once is not theirs.
    drop(open(arguments.socket_port, &people, AT_ONCE).await?.sockets);
    sleep(Duration::from_secs(1)).await;
    let (before, started) = (resident_bytes(arguments.pid)?, Instant::now());
    let Opened { sockets, refused } = open(arguments.socket_port, &people, arguments.sockets).await?;
    let opened_in = started.elapsed();
    let measure = async {
        for mut socket in sockets {
            tokio::task::spawn_local(async move { while next_text(&mut socket).await.is_some() {} });
        }
        sleep(Duration::from_secs(arguments.settle)).await;
        resident_bytes(arguments.pid)
    };
    let after = LocalSet::new().run_until(measure).await?;
    let (growth, count) = (after.saturating_sub(before), u64::try_from(arguments.sockets)?);
    Ok(json!({
        "bytes_per_socket": growth / count,
        "sockets_per_gib": (1_u64 << 30) * count / growth.max(1),
        "resident_before": before,
        "resident_after": after,
        "opened_in_ms": milliseconds(Some(opened_in)),
        "refused": refused,
    }))
}

/// What became of opening many sockets: all are open.
pub(crate) struct Opened {
    pub(crate) sockets: Vec<Socket>,
    /// How often the server said "try again", and was asked again.
    pub(crate) refused: usize,
}

/// Opens `count` sockets; the users take turns. One that is answered 503 comes again, as any client does.
pub(crate) async fn open(port: u16, people: &[Person], count: usize) -> anyhow::Result<Opened> {
    let refused = Cell::new(0);
    let each = (0..count).map(async |number| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match socket::open(port, &people[number % people.len()], number, None).await {
                Err(error) if socket::is_to_come_again(&error) && Instant::now() < deadline => {
                    refused.set(refused.get() + 1);
                    sleep(RETRY_AFTER).await;
                }
                opened => return opened,
            }
        }
    });
    let sockets = stream::iter(each).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(Opened { sockets, refused: refused.get() })
}
