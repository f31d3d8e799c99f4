//! Throughput: as many connections as said, each sending its next request when the last one was answered.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use futures::future::try_join_all;
use platform::clock::Clock;
use platform::http::loopback_client;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::people::{People, Person};
use crate::quantiles;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Each user's list once, whatever the time: users appear, tokens and plans are remembered
    See,
    /// A task is created, with an idempotency key
    Create,
    /// The first 50 tasks
    List,
}

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where the API is, such as http://127.0.0.1:8000
    #[arg(long)]
    base: String,
    #[arg(long)]
    tokens: PathBuf,
    #[arg(long)]
    kind: Kind,
    /// How many users take turns
    #[arg(long, default_value_t = 1000)]
    users: usize,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Time before the measurement begins
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Go on when the server goes away, and count what was answered
    #[arg(long)]
    tolerant: bool,
}

struct Load {
    client: Client,
    base: String,
    kind: Kind,
    people: Vec<Person>,
    tolerant: bool,
    /// What the idempotency keys of this run begin with.
    run: String,
    next: Cell<usize>,
    begin: Instant,
    end: Instant,
    latencies: RefCell<Vec<Duration>>,
    answered: Cell<u64>,
    failed: Cell<u64>,
}

/// Runs the load: `per_second` and the latencies count from the end of the warm-up, `answered` from the start.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<Value> {
    let begin = Instant::now() + Duration::from_secs_f64(arguments.warm_up);
    let load = Load {
        client: loopback_client(PATIENCE)?,
        base: arguments.base,
        kind: arguments.kind,
        people: People::read(&arguments.tokens)?.take(arguments.users)?,
        tolerant: arguments.tolerant,
        run: Clock::system().new_id().to_string(),
        next: Cell::new(0),
        begin,
        end: begin + Duration::from_secs_f64(arguments.seconds),
        latencies: RefCell::default(),
        answered: Cell::new(0),
        failed: Cell::new(0),
    };
    try_join_all((0..arguments.connections).map(|_| load.connection())).await?;
    let latencies = load.latencies.take();
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    let per_second = latencies.len() as f64 / arguments.seconds;
    Ok(json!({
        "per_second": per_second,
        "answered": load.answered.get(),
        "failed": load.failed.get(),
        "latency": quantiles::summary(latencies),
    }))
}

impl Load {
    async fn connection(&self) -> anyhow::Result<()> {
        loop {
            let (number, started) = (self.next.replace(self.next.get() + 1), Instant::now());
            let over = if matches!(self.kind, Kind::See) { number >= self.people.len() } else { started >= self.end };
            if over {
                return Ok(());
            }
            match send(self.request(number)).await {
                Ok(()) => self.answered.set(self.answered.get() + 1),
                Err(_) if self.tolerant => {
                    self.failed.set(self.failed.get() + 1);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
                Err(error) => return Err(error),
            }
            let ended = Instant::now();
            if started >= self.begin && ended <= self.end {
                self.latencies.borrow_mut().push(ended - started);
            }
        }
    }

    fn request(&self, number: usize) -> RequestBuilder {
        let Person { user, token } = &self.people[number % self.people.len()];
        let url = format!("{}/api/{user}/tasks", self.base);
        let request = match self.kind {
            Kind::See => self.client.get(format!("{url}?limit=1")),
            Kind::List => self.client.get(format!("{url}?limit=50")),
            Kind::Create => {
                let key = format!("{}-{number}", self.run);
                self.client.post(url).header("idempotency-key", key).json(&task(number))
            }
        };
        request.bearer_auth(token)
    }
}

/// The same task as in `bench/pgbench/create_task.sql` and `bench/k6/create.js`.
pub(crate) fn task(number: usize) -> Value {
    json!({
        "title": format!("Water the plants {number:012}"),
        "description": "All of them, also the one behind the curtain that everybody forgets until it looks sad.",
        "priority": "medium",
        "tags": ["garden", "home"],
    })
}

/// Sends, and reads the answer to its end.
pub(crate) async fn send(request: RequestBuilder) -> anyhow::Result<()> {
    let answer = request.send().await.context("the server did not answer")?;
    let status = answer.status();
    let body = answer.bytes().await.context("the answer broke off")?;
    if !status.is_success() {
        bail!("the server answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}
