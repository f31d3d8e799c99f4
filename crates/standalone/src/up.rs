//! `tidings up`: starts a system, tells what it is good for, and stops it when asked to.

use std::io::Write as _;
use std::time::Instant;

use platform::config::Variables;
use platform::lifecycle::shutdown_on_signal;
use standalone::{Options, Sidecars, System};

use crate::{cli, demo_user, logs, summary};

/// Runs a system until SIGINT or SIGTERM, or until a part of it fails.
pub(crate) async fn run(arguments: &cli::Up) -> anyhow::Result<()> {
    let started = Instant::now();
    let _telemetry = logs::init()?;
    let shutdown = shutdown_on_signal()?;
    let options = Options {
        project: cli::project(),
        ports: arguments.place.ports(),
        sidecars: if arguments.distributed { Sidecars::Daprd } else { Sidecars::Embedded },
        replicas: arguments.replicas,
        variables: Variables::from_process(),
        ..Options::new(arguments.place.data()?)
    };
    let mut system = tokio::select! {
        system = System::start(options) => system?,
        () = shutdown.cancelled() => return Ok(()),
    };
    let ready_after = started.elapsed();
    let ended = tokio::select! {
        failure = introduce(&mut system, arguments, ready_after) => Err(failure),
        () = shutdown.cancelled() => Ok(()),
    };
    // A terminal that is gone need not be told.
    let _ = writeln!(std::io::stdout(), "Stopping.");
    let stopped = system.stop().await;
    ended.and(stopped)
}

/// Tells what there is, and then waits until a part of the system fails.
async fn introduce(system: &mut System, arguments: &cli::Up, ready_after: std::time::Duration) -> anyhow::Error {
    let demo = demo_user::find_or_make(system).await;
    if let Err(error) = &demo {
        tracing::warn!("there is no demo user: {error:#}");
    }
    // A system serves on when nobody reads what it prints.
    if let Err(error) = summary::print(system, arguments, demo.ok().as_ref(), ready_after) {
        tracing::warn!("the summary could not be printed: {error:#}");
    }
    system.failure().await
}
