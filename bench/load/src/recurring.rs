//! Tasks that repeat: from the answer to a completion until the socket of its owner tells of the next instance; one after the other at a steady
//! rate (open loop), or each connection as soon as it was answered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use futures::future::try_join_all;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use platform::http::loopback_client;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::closed_loop::send;
use crate::people::{People, Person};
use crate::quantiles;
use crate::socket::{self, next_text};
use crate::target::Target;

/// How long a request may take, and the last next instance.
const PATIENCE: Duration = Duration::from_mins(1);

/// Series of a user at most: one page of the list.
const EACH: usize = 200;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// What the tasks are called, by which their next instances are found
    #[arg(long)]
    title: String,
    /// Series, of all users together; the first task of each is completed
    #[arg(long)]
    series: usize,
    /// Users, each with one socket
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// Completions per second; without it, as fast as they are answered
    #[arg(long)]
    rate: Option<u32>,
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// Measures.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    LocalSet::new()
        .run_until(async {
            let bench = Bench::open(arguments).await?;
            let begun = Instant::now();
            match arguments.rate {
                Some(rate) => bench.complete_at(rate).await?,
                None => bench.complete_all(arguments.connections).await?,
            }
            bench.until_told().await;
            Ok(summary(&bench.series.borrow(), begun))
        })
        .await
}

/// One series.
#[derive(Debug)]
struct Series {
    owner: usize,
    /// Of its first task.
    url: String,
    answered: Option<Instant>,
    /// When the socket told of the next instance, each time that it did.
    told: Vec<Instant>,
}

/// Users with series and an open socket each.
struct Bench {
    client: Client,
    people: Vec<Person>,
    series: Rc<RefCell<Vec<Series>>>,
}

impl Bench {
    /// Makes the series and opens the sockets, within a [`LocalSet`], and waits until all series are known as such.
    async fn open(arguments: &Arguments) -> anyhow::Result<Self> {
        let Arguments { target, title, series: count, users, connections, .. } = arguments;
        ensure!(*count <= users * EACH, "{count} series need more than {users} users");
        let (client, people) = (loopback_client(PATIENCE)?, People::read(Path::new(&target.tokens))?.take(*users)?);
        let making = (0..*count).map(|number| begin(&client, &target.base, &people, number % users, title));
        let made: Vec<(String, Series)> = iter(making).buffer_unordered(*connections).try_collect().await?;
        let (ids, series): (Vec<String>, Vec<Series>) = made.into_iter().unzip();
        let ids: Rc<HashMap<String, usize>> = Rc::new(ids.into_iter().zip(0..).collect());
        let series = Rc::new(RefCell::new(series));
        try_join_all(people.iter().enumerate().map(async |(number, person)| {
            let mut socket = socket::open(target.socket_port, person, number, None).await?;
            let (ids, series) = (Rc::clone(&ids), Rc::clone(&series));
            tokio::task::spawn_local(async move {
                while let Some(text) = next_text(&mut socket).await {
                    let now = Instant::now();
                    if let Some(number) = series_of(&text).and_then(|id| ids.get(&id).copied()) {
                        series.borrow_mut()[number].told.push(now);
                    }
                }
            });
            until_known(&client, &target.base, person, title, (number..*count).step_by(*users).count()).await
        }))
        .await?;
        Ok(Self { client, people, series })
    }

    /// Completes them one after the other, each at its moment whether the one before was answered or not.
    async fn complete_at(&self, rate: u32) -> anyhow::Result<()> {
        let (mut sent, mut due) = (Vec::new(), Instant::now());
        let count = self.series.borrow().len();
        for number in 0..count {
            due += Duration::from_secs(1) / rate;
            sleep_until(due).await;
            sent.push(tokio::task::spawn_local(self.complete(number)));
        }
        for answer in sent {
            answer.await??;
        }
        Ok(())
    }

    /// Completes them as fast as they are answered.
    async fn complete_all(&self, connections: usize) -> anyhow::Result<()> {
        let completing = (0..self.series.borrow().len()).map(|number| self.complete(number));
        iter(completing).buffer_unordered(connections).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    fn complete(&self, number: usize) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let request = {
            let one = &self.series.borrow()[number];
            self.client.post(format!("{}/complete", one.url)).bearer_auth(&self.people[one.owner].token)
        };
        let series = Rc::clone(&self.series);
        async move {
            send(request).await?;
            series.borrow_mut()[number].answered = Some(Instant::now());
            Ok(())
        }
    }

    async fn until_told(&self) {
        let patience = Instant::now() + PATIENCE;
        while self.series.borrow().iter().any(|one| one.told.is_empty()) && Instant::now() < patience {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Makes a task that repeats every week; its id comes along.
async fn begin(
    client: &Client,
    base: &str,
    people: &[Person],
    owner: usize,
    title: &str,
) -> anyhow::Result<(String, Series)> {
    let Person { user, token } = &people[owner];
    let url = format!("{base}/api/{user}/tasks");
    let task = json!({
        "title": title, "description": "- [x] roses\n- [ ] basil", "priority": "high", "tags": ["garden", "home"],
        "due_date": "2030-12-02T09:00:00+01:00", "timezone": "Europe/Berlin", "recurrence": {"text": "every Monday"},
    });
    let answer = client.post(&url).bearer_auth(token).json(&task).send().await?.error_for_status()?;
    let made: Value = answer.json().await?;
    let id = made["id"].as_str().context("a task has an id")?;
    Ok((id.to_owned(), Series { owner, url: format!("{url}/{id}"), answered: None, told: Vec::new() }))
}

/// Waits until the person has so many series of this title.
async fn until_known(client: &Client, base: &str, person: &Person, title: &str, count: usize) -> anyhow::Result<()> {
    let (url, patience) = (format!("{base}/api/{}/recurrences?limit={EACH}", person.user), Instant::now() + PATIENCE);
    loop {
        let answer = client.get(&url).bearer_auth(&person.token).send().await?.error_for_status()?;
        let page: Value = answer.json().await?;
        let known = page["items"].as_array().context("a list has items")?.iter().filter(|one| one["title"] == title);
        if known.count() == count {
            return Ok(());
        }
        ensure!(Instant::now() < patience, "{} has no {count} series", person.user);
        sleep(Duration::from_millis(100)).await;
    }
}

/// The series of whose next instance a message of a socket tells.
fn series_of(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    let event = &message["event"];
    let next = event["event_type"] == "task.created" && event["metadata"]["source"] == "recurring";
    next.then(|| event["task_data"]["recurrence_id"].as_str().map(ToOwned::to_owned))?
}

fn summary(series: &[Series], begun: Instant) -> Value {
    let after = series.iter().filter_map(|one| Some(one.told.first()?.saturating_duration_since(one.answered?)));
    let last = series.iter().filter_map(|one| one.told.first()).max();
    let took = last.map(|last| last.saturating_duration_since(begun).as_secs_f64());
    let told: u32 = series.iter().map(|one| u32::from(!one.told.is_empty())).sum();
    json!({
        "from_answer": quantiles::summary(after.collect()),
        "per_second": took.map(|took| f64::from(told) / took),
        "lost": series.iter().filter(|one| one.told.is_empty()).count(),
        "twice": series.iter().map(|one| one.told.len().saturating_sub(1)).sum::<usize>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_instance_of_a_series_counts() {
        let told = |event_type: &str, source: &str| {
            let task = json!({"recurrence_id": "one"});
            json!({"type": "event", "event": {"event_type": event_type, "metadata": {"source": source}, "task_data": task}}).to_string()
        };
        assert_eq!(series_of(&told("task.created", "recurring")).as_deref(), Some("one"));
        assert_eq!(series_of(&told("task.created", "rest_api")), None);
        assert_eq!(series_of(&told("task.deleted", "recurring")), None);
        assert_eq!(series_of("{}"), None);
    }
}
