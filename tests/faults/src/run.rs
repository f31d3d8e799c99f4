//! One scenario from the first start to the row.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use platform::random::Random;
use tokio::time::{Instant, sleep};

use crate::check::{Findings, check};
use crate::fault::{WITHIN, World};
use crate::home::Home;
use crate::journal::{Fact, Shared};
use crate::person::Person;
use crate::poison::Poisoned;
use crate::report::{Outcome, Row};
use crate::scenario::{Scenario, Sidecars};
use crate::system::System;
use crate::traffic::{Traffic, User};

/// Ordinary writing before the first fault and after each.
const BETWEEN: Duration = Duration::from_millis(500);

/// What the system is put under.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) tidings: PathBuf,
    pub(crate) sidecars: Sidecars,
    pub(crate) rate: u32,
    pub(crate) users: usize,
    /// Of the moments and of what each writer chooses.
    pub(crate) seed: u64,
}

/// Runs one scenario. An error says what made it impossible to go on.
pub(crate) async fn run(load: &Load, scenario: &Scenario, full: bool) -> anyhow::Result<Row> {
    let mut home = match Home::make(scenario.database, load.sidecars, &Random::system()).await? {
        Ok(home) => home,
        Err(reason) => return Ok(Row::skipped(scenario, reason)),
    };
    let mut system = System::at(&home, load.tidings.clone(), load.sidecars);
    let row = go(load, scenario, full, &mut home, &mut system).await;
    let row = row.with_context(|| format!("the launcher said: {}", system.said()))?;
    system.stop().await?;
    Ok(row)
}

async fn go(load: &Load, scenario: &Scenario, full: bool, home: &mut Home, system: &mut System) -> anyhow::Result<Row> {
    system.start()?;
    system.until_ready().await?;
    let users = users(system, load.users).await?;
    let mut traffic = Traffic::start(users, load.rate, load.seed);
    traffic.until_acknowledged(Instant::now()).await?;
    // Nobody else draws from it: the writers' pace does not change which moments come.
    let moments = Random::seeded(load.seed);
    let (mut times, mut poisoned) = (Vec::new(), Poisoned::new());
    for _ in 0..scenario.times(full) {
        sleep(BETWEEN).await;
        let mut world =
            World { home, system, traffic: Some(&traffic), moments: &moments, within: WITHIN, poisoned: &mut poisoned };
        let since = world.inject(scenario.fault, scenario.lasts(full)).await?;
        traffic.until_acknowledged(since).await?;
        traffic.until_caught_up().await?;
        times.push((since, since.elapsed()));
        system.must_run()?;
    }
    sleep(BETWEEN).await;
    traffic.stop_writing().await;
    let findings = check(system, &traffic.users, &poisoned).await?;
    Ok(row(scenario, &times, &traffic.users, findings))
}

/// Makes users who have synced before anything happens.
async fn users(system: &System, count: usize) -> anyhow::Result<Vec<User>> {
    let mut users = Vec::new();
    for number in 1..=count {
        let person = Person::new(system, format!("user-{number}"))?;
        let page = person.read("/sync?token=*").await?;
        let sync = page["token"].as_str().context("a sync has a token")?.to_owned();
        users.push(User { person, journal: Shared::default(), sync });
    }
    Ok(users)
}

/// `times`: from when on the system could have recovered, each with how long it took to catch up.
fn row(scenario: &Scenario, times: &[(Instant, Duration)], users: &[User], findings: Findings) -> Row {
    let journals: Vec<_> = users.iter().map(|user| user.journal.lock()).collect();
    let (mut recovery, mut live) = (Vec::new(), Vec::new());
    for (since, _) in times {
        let acknowledged = || {
            let all = journals.iter().flat_map(|journal| &journal.acknowledged);
            all.filter(|write| write.sent >= *since)
        };
        recovery.extend(acknowledged().map(|write| write.at - *since).min());
        let facts: HashSet<&Fact> = acknowledged().map(|write| &write.fact).collect();
        let told = journals.iter().flat_map(|journal| &journal.told);
        let told = told.filter(|told| told.fact.as_ref().is_some_and(|fact| facts.contains(fact)));
        live.extend(told.map(|told| told.at.saturating_duration_since(*since)).min());
    }
    let mut wrong = findings.wrong.clone();
    if findings.duplicates + findings.gaps > 0 {
        wrong.push(format!("{} duplicates, {} gaps", findings.duplicates, findings.gaps));
    }
    Row {
        name: scenario.name,
        outage: scenario.outage(),
        times: u32::try_from(times.len()).unwrap_or(u32::MAX),
        refused: journals.iter().map(|journal| journal.refused).sum(),
        slowest_refusal: journals.iter().map(|journal| journal.slowest_refusal).max().unwrap_or_default(),
        unclear: journals.iter().map(|journal| journal.unclear).sum(),
        findings,
        recovery,
        live,
        caught_up: times.iter().map(|(_, caught_up)| *caught_up).collect(),
        outcome: if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed(wrong) },
    }
}
