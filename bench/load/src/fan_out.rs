//! One update to all sockets of one user: how long until the last one has it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use platform::http::loopback_client;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::idle::{self, Opened};
use crate::people::People;
use crate::process::{check_open_files, own_cpu};
use crate::quantiles::milliseconds;
use crate::socket::next_text;
use crate::target::Target;
use crate::updates;

/// How long one update may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[arg(long, default_value_t = 10_000)]
    sockets: usize,
    /// How many updates, one after the other
    #[arg(long, default_value_t = 5)]
    updates: usize,
}

/// Measures: for each update the time from the request to the last socket; how busy this process was meanwhile (1 is a core).
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    check_open_files(arguments.sockets)?;
    let people = People::read(&arguments.target.tokens)?.take(1)?;
    let client = loopback_client(PATIENCE)?;
    let url = updates::create(&client, &arguments.target.base, &people[0]).await?;
    // The event of the task's creation is not to come among the updates.
    sleep(Duration::from_secs(1)).await;
    let Opened { sockets, refused } = idle::open(arguments.target.socket_port, &people, arguments.sockets).await?;
    let measure = async {
        let told = Rc::<Cell<(usize, Option<Instant>)>>::default();
        for mut socket in sockets {
            let told = Rc::clone(&told);
            tokio::task::spawn_local(async move {
                while next_text(&mut socket).await.is_some() {
                    told.set((told.get().0 + 1, Some(Instant::now())));
                }
            });
        }
        let (mut all, mut reading, mut used) = (Vec::new(), Duration::ZERO, Duration::ZERO);
        for number in 0..arguments.updates {
            told.set((0, None));
            let (started, cpu) = (Instant::now(), own_cpu()?);
            let change = json!({"title": format!("update {number}")});
            client.patch(&url).bearer_auth(&people[0].token).json(&change).send().await?.error_for_status()?;
            while told.get().0 < arguments.sockets {
                anyhow::ensure!(started.elapsed() < PATIENCE, "only {} sockets were told", told.get().0);
                sleep(Duration::from_millis(1)).await;
            }
            let last = told.get().1.context("the last socket was told at some time")?;
            all.push(milliseconds(Some(last - started)));
            (reading, used) = (reading + started.elapsed(), used + own_cpu()?.saturating_sub(cpu));
            sleep(Duration::from_millis(200)).await;
        }
        let reading_busy = used.as_secs_f64() / reading.as_secs_f64();
        anyhow::Ok(json!({ "until_last_ms": all, "reading_busy": reading_busy, "refused": refused }))
    };
    LocalSet::new().run_until(measure).await
}
