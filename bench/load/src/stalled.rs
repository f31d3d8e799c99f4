//! Sockets that stop reading: the server's memory must stay bounded, and the others must not notice.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use futures::StreamExt as _;
use futures::future::try_join_all;
use platform::http::loopback_client;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::people::{People, Person};
use crate::process::resident_bytes;
use crate::socket::{self, Socket};
use crate::target::Target;
use crate::updates::{self, Bench};

/// What the operating system keeps for a client that does not read: little, so that the server feels it soon.
const RECEIVE_BUFFER: u32 = 4096;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The process that serves them
    #[arg(long)]
    pid: u32,
    /// Sockets that stop reading, all of one user
    #[arg(long, default_value_t = 100)]
    stalled: usize,
    /// How long they do not read
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Updates per second to the other users, 50 of them, which are measured
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Updates per second to the user whose sockets stop reading, with a description of 8 KiB each
    #[arg(long, default_value_t = 20)]
    flood: u32,
}

/// Measures the others' latency while all sockets read, and while some do not; the server's memory at its highest.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    let people = People::read(&arguments.target.tokens)?.take(51)?;
    let (flooded, others) = people.split_at(1);
    let measure = async {
        let bench = Bench::open(&arguments.target.base, arguments.target.socket_port, others.to_vec()).await?;
        let stop = Rc::new(Notify::new());
        let sockets = try_join_all(
            (0..arguments.stalled)
                .map(|number| socket::open(arguments.target.socket_port, &flooded[0], number, Some(RECEIVE_BUFFER))),
        );
        let readers: Vec<_> = sockets
            .await?
            .into_iter()
            .map(|socket| tokio::task::spawn_local(read_until(socket, Rc::clone(&stop))))
            .collect();
        let flood = tokio::task::spawn_local(flood(arguments.target.base.clone(), flooded[0].clone(), arguments.flood));
        let highest = Rc::<Cell<u64>>::default();
        let watch = tokio::task::spawn_local(watch(arguments.pid, Rc::clone(&highest)));
        let reading = bench.measure(arguments.rate, arguments.rate * arguments.seconds.min(10)).await?;
        let before = highest.replace(0);
        stop.notify_waiters();
        let stalled = try_join_all(readers).await?;
        let while_stalled = bench.measure(arguments.rate, arguments.rate * arguments.seconds).await?;
        flood.abort();
        watch.abort();
        let (closed, told) = endings(stalled).await;
        anyhow::Ok(json!({
            "others_before": reading, "others_while_stalled": while_stalled, "closed": closed, "closed_1013": told,
            "resident_before": before, "resident_highest": highest.get(),
        }))
    };
    LocalSet::new().run_until(measure).await
}

/// Reads until told to stop, and gives the socket back unread from then on.
async fn read_until(mut socket: Socket, stop: Rc<Notify>) -> Socket {
    loop {
        tokio::select! {
            () = stop.notified() => return socket,
            message = socket.next() => if message.is_none() { return socket },
        }
    }
}

/// Changes a task of `person` again and again, by 8 KiB each.
async fn flood(base: String, person: Person, rate: u32) -> anyhow::Result<()> {
    let client = loopback_client(PATIENCE)?;
    let url = updates::create(&client, &base, &person).await?;
    let mut ticks = interval(Duration::from_secs(1) / rate);
    for number in 0_u64.. {
        ticks.tick().await;
        let description = format!("{number:08192}");
        let request = client.patch(&url).bearer_auth(&person.token).json(&json!({ "description": description }));
        request.send().await?.error_for_status()?.bytes().await?;
    }
    Ok(())
}

/// Keeps the highest resident memory of `pid` that was seen.
async fn watch(pid: u32, highest: Rc<Cell<u64>>) -> anyhow::Result<()> {
    loop {
        highest.set(highest.get().max(resident_bytes(pid)?));
        sleep(Duration::from_millis(100)).await;
    }
}

/// Reads what is left of each: how many the server had closed, and how many of them were told so with 1013.
async fn endings(sockets: Vec<Socket>) -> (usize, usize) {
    let each: Vec<JoinHandle<_>> = sockets.into_iter().map(|socket| tokio::task::spawn_local(ending(socket))).collect();
    let (mut closed, mut told) = (0, 0);
    for ending in each {
        if let Ok(Some(code)) = ending.await {
            closed += 1;
            told += usize::from(code == Some(1013));
        }
    }
    (closed, told)
}

/// `None` when the socket is open still, else the code that it was closed with, if any.
async fn ending(mut socket: Socket) -> Option<Option<u16>> {
    let end = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    timeout(Duration::from_secs(10), end).await.ok()
}
