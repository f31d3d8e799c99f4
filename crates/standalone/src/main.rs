//! `tidings`: a whole system from one command.

mod cli;
mod dead_letters;
mod demo_user;
mod logs;
mod summary;
mod up;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};
use platform::config::Variables;
use standalone::{DataDirectory, Secrets};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(arguments) => up::run(&arguments).await,
        Command::Token(arguments) => token(&arguments),
        Command::Watch(arguments) => watch::run(&arguments).await,
        Command::DeadLetters(arguments) => dead_letters::run(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join("; ");
            // When standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "tidings: {line}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a token; a data directory that is not there is made, so that the next `tidings up` accepts the token.
fn token(arguments: &cli::Token) -> anyhow::Result<()> {
    let data = DataDirectory::open(&arguments.place.data()?)?;
    let secrets = Secrets::of(&data);
    let (ports, lifetime) = (arguments.place.ports(), arguments.lifetime);
    let token = standalone::token::mint(&Variables::from_process(), &secrets, ports, &arguments.user, lifetime)?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}
