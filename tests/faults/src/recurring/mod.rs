//! Tasks that repeat while the system is broken: each that is completed has one next instance, however the way there ended.

mod check;
mod report;
mod series;

use std::time::Duration;

use anyhow::Context as _;
use futures::future::try_join_all;
use platform::clock::Clock;
use platform::random::Random;
use tokio::time::{Instant, sleep};

use self::check::Findings;
pub(crate) use self::report::{HEAD, Row};
use self::series::Series;
use crate::fault::{World, random_moment};
use crate::home::Home;
use crate::person::Person;
use crate::poison::Poisoned;
use crate::run::Load;
use crate::scenario::Scenario;
use crate::system::{POLL, System};

/// Series, each of somebody else.
const SERIES: u32 = 10;
/// Within this their open instances are completed, one after the other, and something breaks: some are done before, and of some of those the
/// next instance is still to come.
const WINDOW: Duration = Duration::from_millis(100);
/// How long after a fault every next instance may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs one scenario. An error says what made it impossible to go on.
pub(crate) async fn run(load: &Load, scenario: &Scenario, full: bool) -> anyhow::Result<Row> {
    let mut home = match Home::make(scenario.database, load.sidecars, &Random::system()).await? {
        Ok(home) => home,
        Err(reason) => return Ok(Row::skipped(scenario, reason)),
    };
    let mut system = System::at(&home, load.tidings.clone(), load.sidecars);
    let findings = go(load, scenario, full, &mut home, &mut system).await;
    let findings = findings.with_context(|| format!("the launcher said: {}", system.said()))?;
    system.stop().await?;
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
    let begin = (1..=SERIES).map(|number| Person::new(system, format!("person-{number}")));
    let begin = begin.collect::<anyhow::Result<Vec<_>>>()?;
    let mut all = try_join_all(begin.into_iter().map(Series::begin)).await?;
    // Once before anything is broken: whoever has to join a broker has joined.
    complete(&all).await?;
    until_next(&mut all, 2).await?;
    let (moments, mut poisoned) = (Random::seeded(load.seed), Poisoned::new());
    let mut broken = Vec::new();
    for number in 0..scenario.times(full) {
        let (within, traffic) = (Duration::ZERO, None);
        let mut world = World { home, system, traffic, moments: &moments, within, poisoned: &mut poisoned };
        let breaking = async {
            random_moment(&moments, WINDOW).await;
            let begun = Clock::system().now();
            world.inject(scenario.fault, scenario.lasts(full)).await.map(|_| begun)
        };
        let (begun, completed) = tokio::join!(breaking, complete(&all));
        broken.push(begun?);
        completed?;
        until_next(&mut all, number + 3).await?;
        system.must_run()?;
    }
    system.until_ready().await?;
    Findings::of(system, &all, &broken).await
}

/// Completes the open instance of each series, one after the other, until all are acknowledged.
async fn complete(all: &[Series]) -> anyhow::Result<()> {
    let completing = (0..).zip(all).map(async |(number, series)| {
        sleep(WINDOW * number / SERIES).await;
        series.complete().await
    });
    try_join_all(completing).await?;
    Ok(())
}

/// Waits until the instance of this number of each series is there.
async fn until_next(all: &mut [Series], number: u32) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    for series in all {
        while !series.goes_on(number).await? {
            let id = &series.person.id;
            anyhow::ensure!(
                Instant::now() < deadline,
                "the series of {id} has no instance {number} after {PATIENCE:?}"
            );
            sleep(POLL).await;
        }
    }
    Ok(())
}
