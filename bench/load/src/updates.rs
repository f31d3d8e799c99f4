//! Latency from a change to another client's socket, open loop: each change has its moment, whether the one before was
//! answered or not, and is measured from that moment, so that a server that stalls cannot hide it (coordinated omission).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use futures::future::try_join_all;
use platform::http::loopback_client;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::closed_loop::task;
use crate::people::{People, Person};
use crate::quantiles;
use crate::socket::{self, next_text};
use crate::target::Target;

/// How long the last updates may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Users, each with one task and one socket
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// Changes per second
    #[arg(long, default_value_t = 200)]
    rate: u32,
    #[arg(long, default_value_t = 15)]
    seconds: u32,
}

/// Measures.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    let people = People::read(&arguments.target.tokens)?.take(arguments.users)?;
    let measure = async {
        let bench = Bench::open(&arguments.target.base, arguments.target.socket_port, people).await?;
        // A moment of practice that does not count.
        bench.measure(arguments.rate, arguments.rate).await?;
        bench.measure(arguments.rate, arguments.rate * arguments.seconds).await
    };
    LocalSet::new().run_until(measure).await
}

/// One change.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    due: Option<Instant>,
    answered: Option<Instant>,
    told: Option<Instant>,
}

/// Users with a task and an open socket each.
pub(crate) struct Bench {
    client: Client,
    /// The address of each user's task.
    tasks: Vec<(Person, String)>,
    times: Rc<RefCell<Vec<Times>>>,
}

impl Bench {
    /// Makes the tasks and opens the sockets, within a [`LocalSet`].
    pub(crate) async fn open(base: &str, socket_port: u16, people: Vec<Person>) -> anyhow::Result<Self> {
        let (client, times) = (loopback_client(PATIENCE)?, Rc::<RefCell<Vec<Times>>>::default());
        let tasks = try_join_all(people.into_iter().enumerate().map(async |(number, person)| {
            let url = create(&client, base, &person).await?;
            let mut socket = socket::open(socket_port, &person, number, None).await?;
            let times = Rc::clone(&times);
            tokio::task::spawn_local(async move {
                while let Some(text) = next_text(&mut socket).await {
                    let now = Instant::now();
                    if let Some(change) = change_of(&text)
                        && let Some(times) = times.borrow_mut().get_mut(change)
                    {
                        times.told = Some(now);
                    }
                }
            });
            anyhow::Ok((person, url))
        }))
        .await?;
        Ok(Self { client, tasks, times })
    }

    /// Sends `count` changes, `rate` in a second, and waits until all were told.
    pub(crate) async fn measure(&self, rate: u32, count: u32) -> anyhow::Result<Value> {
        let count = usize::try_from(count)?;
        *self.times.borrow_mut() = vec![Times::default(); count];
        let (mut sent, mut due) = (Vec::new(), Instant::now());
        for number in 0..count {
            due += Duration::from_secs(1) / rate;
            sleep_until(due).await;
            self.times.borrow_mut()[number].due = Some(due);
            sent.push(tokio::task::spawn_local(self.change(number)));
        }
        for answer in sent {
            answer.await??;
        }
        let patience = Instant::now() + PATIENCE;
        while self.times.borrow().iter().any(|times| times.told.is_none()) && Instant::now() < patience {
            sleep(Duration::from_millis(10)).await;
        }
        Ok(summary(&self.times.borrow()))
    }

    fn change(&self, number: usize) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let (Person { token, .. }, url) = &self.tasks[number % self.tasks.len()];
        let request = self.client.patch(url).bearer_auth(token).json(&json!({"title": title(number)}));
        let times = Rc::clone(&self.times);
        async move {
            let answer = request.send().await.context("the server did not answer")?;
            answer.error_for_status()?.bytes().await?;
            times.borrow_mut()[number].answered = Some(Instant::now());
            Ok(())
        }
    }
}

/// Makes a task and gives its address.
pub(crate) async fn create(client: &Client, base: &str, person: &Person) -> anyhow::Result<String> {
    let url = format!("{base}/api/{}/tasks", person.user);
    let answer = client.post(&url).bearer_auth(&person.token).json(&task(0)).send().await?.error_for_status()?;
    let made: Value = answer.json().await?;
    Ok(format!("{url}/{}", made["id"].as_str().context("a task has an id")?))
}

fn title(number: usize) -> String {
    format!("change {number}")
}

/// The number of the change that a message of a socket tells of.
fn change_of(text: &str) -> Option<usize> {
    let message: Value = serde_json::from_str(text).ok()?;
    message["event"]["task_data"]["title"].as_str()?.strip_prefix("change ")?.parse().ok()
}

fn summary(times: &[Times]) -> Value {
    let between = |from: fn(&Times) -> Option<Instant>| -> Vec<Duration> {
        let told = times.iter().filter_map(|times| Some((from(times)?, times.told?)));
        told.map(|(from, told)| told.saturating_duration_since(from)).collect()
    };
    json!({
        "from_due": quantiles::summary(between(|times| times.due)),
        "from_answer": quantiles::summary(between(|times| times.answered)),
        "lost": times.iter().filter(|times| times.told.is_none()).count(),
    })
}
