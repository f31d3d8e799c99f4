//! Reminders while the system is broken: every one is sent once, and how late.

mod asked;
mod check;
mod report;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use platform::clock::Clock;
use platform::random::Random;
use testkit::MailServer;
use tokio::time::{Instant, sleep, sleep_until};

use self::asked::Asked;
use self::check::Findings;
pub(crate) use self::report::{HEAD, Row};
use crate::fault::{WITHIN, World};
use crate::home::Home;
use crate::person::Person;
use crate::poison::Poisoned;
use crate::run::Load;
use crate::scenario::Scenario;
use crate::system::{POLL, System};

/// Whose reminders these are.
const PEOPLE: usize = 10;
/// From asking to the first moment: all have their jobs by then, unless the machine is busy.
const LEAD: Duration = Duration::from_secs(10);
/// From the first moment to the last, in a short and in a full run.
const WINDOW: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(20)];
/// How long after the last moment everything may take to be told everywhere.
const PATIENCE: Duration = Duration::from_mins(2);
/// Who mails are from.
const FROM: &str = "Tidings <tidings@example.org>";

/// Runs one scenario. An error says what made it impossible to go on.
pub(crate) async fn run(load: &Load, scenario: &Scenario, full: bool) -> anyhow::Result<Row> {
    let mut home = match Home::make(scenario.database, load.sidecars, &Random::system()).await? {
        Ok(home) => home,
        Err(reason) => return Ok(Row::skipped(scenario, reason)),
    };
    // It says by a panic what it lacks.
    let mails = tokio::spawn(MailServer::start()).await.context("the mail server")?;
    let mut system = System::at(&home, load.tidings.clone(), load.sidecars);
    system.set("SMTP_URL", mails.url());
    system.set("EMAIL_FROM", FROM.to_owned());
    let findings = go(load, scenario, full, &mut home, &mut system).await;
    let mut findings = findings.with_context(|| format!("the launcher said: {}", system.said()))?;
    // What was under way has ended then.
    system.stop().await?;
    findings.look_behind(&home.separate()?.administrator_url()?, &mails.mails()).await?;
    findings.allow(scenario.fault.most_in_doubt() * usize::try_from(scenario.times(full))?);
    Ok(Row::of(scenario, full, findings))
}

async fn go(
    load: &Load,
    scenario: &Scenario,
    full: bool,
    home: &mut Home,
    system: &mut System,
) -> anyhow::Result<Findings> {
    system.start()?;
    system.until_ready().await?;
    let mut people = Vec::new();
    for number in 1..=PEOPLE {
        people.push(Person::register(system, &format!("person-{number}")).await?);
    }
    let window = WINDOW[usize::from(full)];
    let (first, begun) = (Clock::system().now() + LEAD, Instant::now() + LEAD);
    let asked = Asked::of(people, first, window).await?;
    asked.until_scheduled(home, begun).await?;
    let (moments, mut poisoned) = (Random::seeded(load.seed), Poisoned::new());
    let times = scenario.times(full);
    for number in 0..times {
        // A random while after this; some were sent by then, and some are still to come.
        sleep_until(begun + window * (4 * number + 1) / (4 * times)).await;
        let mut world =
            World { home, system, traffic: None, moments: &moments, within: WITHIN, poisoned: &mut poisoned };
        let broken = world.inject(scenario.fault, scenario.lasts(full)).await?;
        ensure!(broken < begun + window, "the last reminder was due before anything was broken");
        system.must_run()?;
    }
    sleep_until(begun + window).await;
    system.until_ready().await?;
    let deadline = Instant::now() + PATIENCE;
    while !asked.are_told().await? && Instant::now() < deadline {
        sleep(10 * POLL).await;
    }
    Findings::of(system, &asked).await
}
