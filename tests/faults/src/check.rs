//! Comparing what was acknowledged with what can be read afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::dead_letters;
use crate::journal::{Fact, Known, fact};
use crate::poison::Poisoned;
use crate::system::{POLL, System};
use crate::traffic::User;

/// How long the last events may take to arrive everywhere.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was found of all users together.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) acknowledged: usize,
    pub(crate) entries: usize,
    pub(crate) told: usize,
    pub(crate) duplicates: usize,
    pub(crate) gaps: usize,
    pub(crate) wrong: Vec<String>,
}

/// A user's copy of their tasks, as a sync made it.
struct Replica {
    tasks: BTreeMap<String, Known>,
    sequence: i64,
}

/// Checks every user, when everything has arrived or will not.
pub(crate) async fn check(system: &System, users: &[User], poisoned: &Poisoned) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for user in users {
        let replica = sync(user, "*").await?;
        let entries = settled(user, replica.sequence).await?;
        findings.count(user, &entries, replica.sequence);
        findings.compare_tasks(user, &replica).await?;
    }
    findings.wrong.extend(dead_letters::compare(system, poisoned).await?);
    findings.wrong.extend(backlog(system, 8000).await?);
    Ok(findings)
}

/// Waits until the socket and the history have all events; the history, when time is up too.
async fn settled(user: &User, sequence: i64) -> anyhow::Result<Vec<Value>> {
    let deadline = Instant::now() + PATIENCE;
    while user.journal.lock().last() < sequence && Instant::now() < deadline {
        sleep(POLL).await;
    }
    loop {
        let entries = user.person.read_all("audit-logs", "").await?;
        let expected = usize::try_from(sequence).unwrap_or(usize::MAX);
        if entries.len() >= expected || Instant::now() >= deadline {
            return Ok(entries);
        }
        sleep(10 * POLL).await;
    }
}

/// Brings a copy up to date from a token; it begins with the tasks that were there then: none.
async fn sync(user: &User, token: &str) -> anyhow::Result<Replica> {
    let (mut replica, mut token) = (Replica { tasks: BTreeMap::new(), sequence: 0 }, token.to_owned());
    loop {
        let page = user.person.read(&format!("/sync?token={token}")).await?;
        for task in page["tasks"].as_array().into_iter().flatten() {
            let id = task["id"].as_str().context("a task has an id")?;
            replica.tasks.insert(id.to_owned(), Known::of(task).context("a task is whole")?);
        }
        for id in page["deleted"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            replica.tasks.remove(id);
        }
        replica.sequence = page["sequence"].as_i64().context("a sync has a sequence")?;
        page["token"].as_str().context("a sync has a token")?.clone_into(&mut token);
        if page["has_more"] != true {
            return Ok(replica);
        }
    }
}

impl Findings {
    fn count(&mut self, user: &User, entries: &[Value], last: i64) {
        let journal = user.journal.lock();
        let name = &user.person.id;
        let acknowledged: Vec<&Fact> = journal.acknowledged.iter().map(|write| &write.fact).collect();
        let facts: Vec<Fact> = entries.iter().filter_map(|entry| fact(&entry["details"])).collect();
        let told: Vec<&Fact> = journal.told.iter().filter_map(|told| told.fact.as_ref()).collect();
        self.acknowledged += acknowledged.len();
        self.entries += facts.len();
        self.told += told.len();

        let number = |entry: &Value| entry["details"]["sequence"].as_i64();
        let recorded: BTreeMap<i64, &str> =
            entries.iter().filter_map(|entry| Some((number(entry)?, entry["event_id"].as_str()?))).collect();
        self.duplicates += entries.len() - recorded.len() + journal.told_again;
        let newest_first: Vec<i64> = entries.iter().filter_map(number).collect();
        if !newest_first.is_sorted_by(|newer, older| newer >= older) {
            self.wrong.push(format!("{name}: the history is not in the order of the workspace"));
        }
        let missing = |has: &dyn Fn(&i64) -> bool| (1..=last).filter(|sequence| !has(sequence)).count();
        let heard: BTreeMap<i64, &str> =
            journal.told.iter().map(|told| (told.sequence, told.event_id.as_str())).collect();
        self.gaps += missing(&|sequence| recorded.contains_key(sequence));
        self.gaps += missing(&|sequence| heard.contains_key(sequence));
        if recorded != heard {
            self.wrong.push(format!("{name}: the history and the socket tell different events"));
        }
        for (place, found) in [("the history", facts.iter().collect()), ("the socket", told)] {
            self.compare_facts(name, place, &acknowledged, &found);
        }
        self.wrong.extend(journal.wrong.iter().map(|what| format!("{name}: {what}")));
    }

    fn compare_facts(&mut self, name: &str, place: &str, acknowledged: &[&Fact], found: &[&Fact]) {
        let (acknowledged, seen): (BTreeSet<_>, BTreeSet<_>) =
            (acknowledged.iter().copied().collect(), found.iter().copied().collect());
        for lost in acknowledged.difference(&seen).take(3) {
            self.wrong.push(format!("{name}: {place} lacks the acknowledged {lost:?}"));
        }
        for extra in seen.difference(&acknowledged).take(3) {
            self.wrong.push(format!("{name}: {place} has {extra:?}, which was not acknowledged"));
        }
        if seen.len() != found.len() {
            self.wrong.push(format!("{name}: {place} tells {} changes twice", found.len() - seen.len()));
        }
    }

    /// The lists, a whole sync and one from before the faults show what the writer knows.
    async fn compare_tasks(&mut self, user: &User, whole: &Replica) -> anyhow::Result<()> {
        let since = sync(user, &user.sync).await?.tasks;
        let items = user.person.read_all("tasks", "").await?;
        let known_of = |task: &Value| Some((task["id"].as_str()?.to_owned(), Known::of(task)?));
        let listed: BTreeMap<String, Known> = items.iter().filter_map(known_of).collect();
        let known = user.journal.lock().tasks.clone();
        for (place, tasks) in [("the list", &listed), ("a sync", &whole.tasks), ("the sync since before", &since)] {
            if *tasks != known {
                let differ = known.iter().filter(|(id, task)| tasks.get(*id) != Some(task)).count();
                let name = &user.person.id;
                self.wrong.push(format!(
                    "{name}: {place} has {} tasks, not {}; {differ} are missing or different",
                    tasks.len(),
                    known.len()
                ));
            }
        }
        Ok(())
    }
}

/// How often each is there.
pub(crate) fn counted<'a>(all: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// Says when the outbox of the service at `port` does not become empty.
pub(crate) async fn backlog(system: &System, port: u16) -> anyhow::Result<Option<String>> {
    let client = platform::http::loopback_client(Duration::from_secs(10))?;
    let (url, deadline) = (format!("http://127.0.0.1:{}/health", system.port(port)), Instant::now() + PATIENCE);
    loop {
        let health: Value = client.get(&url).send().await?.json().await?;
        match &health["outbox"]["pending"] {
            pending if pending == 0 => return Ok(None),
            pending if Instant::now() > deadline => {
                return Ok(Some(format!("{pending} events are left in the outbox of the service at {port}")));
            }
            _ => sleep(10 * POLL).await,
        }
    }
}
