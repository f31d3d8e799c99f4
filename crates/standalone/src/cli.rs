//! What can be said on the command line.

use std::env;
use std::num::NonZeroU8;
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand};
use standalone::{MAX_OFFSET, Ports};

use crate::dead_letters::DeadLetters;

/// The longest that a token may be valid: its key is published for as long after it last signed.
const MAX_LIFETIME: TimeDelta = TimeDelta::days(30);

/// Tidings: an event-driven task platform, on one machine.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole system: Postgres, the sidecars and every service
    ///
    /// Data and secrets are kept in .tidings/ and found again by the next start. Ctrl-C stops everything in order; a second
    /// Ctrl-C at once.
    #[command(after_help = ENVIRONMENT)]
    Up(Up),
    /// Print an access token for a user
    ///
    /// The token is signed with the secret in .tidings/, so a running system is not needed. A user who is not known yet
    /// appears with the first request.
    Token(Token),
    /// Print what a user's socket tells, a line of JSON for each message
    Watch(Watch),
    /// What consumers gave up: list it, look at it, publish it again
    DeadLetters(DeadLetters),
}

/// The variables that matter most.
const ENVIRONMENT: &str = "\
Environment:
  DATABASE_URL          use this PostgreSQL (as an owner who may create roles) instead of a private server
  DATABASE_URL_DIRECT   the same database past a pooler, for migrations
  DATABASE_STATEMENTS   cached, or unnamed for a pooler that does not know named statements
  POSTGRES_BIN          the directory of postgres and initdb for the private server
  TRUSTED_ISSUERS       whose tokens are accepted beside the built-in issuer's, as JSON
  ALLOWED_ORIGINS       whose web pages may call, comma-separated
  RUST_LOG              what is logged to standard error, such as info (default: warn)
  TIDINGS_DATA          the same as --data-dir
  TIDINGS_PORT_OFFSET   the same as --port-offset
  TIDINGS_PROJECT       the project: the directory of components/ and .tidings/ (default: the clone, for
                        ./scripts/up; else the current directory)

Every other variable reaches the services as it is, but for their ports and addresses.";

/// Options of `tidings up`.
#[derive(Args, Debug)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Run each service as a process of its own with a daprd beside it, on a Kafka broker and Dapr's scheduler
    ///
    /// Their programs come from dapr init --slim or ./scripts/dapr-tools; logs and process ids are in the run folder of the data
    /// directory.
    #[arg(long)]
    pub(crate) distributed: bool,
    /// How many of each service to run; all but the first listen on free ports, which are told
    #[arg(long, value_name = "N", default_value = "1", requires = "distributed")]
    pub(crate) replicas: NonZeroU8,
}

/// Options of `tidings token`.
#[derive(Args, Debug)]
pub(crate) struct Token {
    /// The id of the user whom the token names
    #[arg(long, value_parser = user)]
    pub(crate) user: String,
    /// How long it is valid, such as 90s, 15m, 8h or 30d
    #[arg(long, default_value = "15m", value_parser = lifetime)]
    pub(crate) lifetime: TimeDelta,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Options of `tidings watch`.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// The id of the user whose socket is opened
    #[arg(long, value_parser = user)]
    pub(crate) user: String,
    /// How many messages to print before ending (default: until the socket closes)
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<usize>,
    /// How long the socket may stay open, such as 15m, 8h or 30d
    #[arg(long, default_value = "8h", value_parser = lifetime)]
    pub(crate) lifetime: TimeDelta,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which system is meant.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// Where data and secrets are kept (default: $TIDINGS_DATA, else .tidings of the project)
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Which system is meant: this is added to every port, so that several can run side by side
    #[arg(long, value_name = "N", env = "TIDINGS_PORT_OFFSET", hide_env_values = true, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=i64::from(MAX_OFFSET)))]
    pub(crate) port_offset: u16,
}

impl Place {
    /// Where data and secrets are kept.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        let named = self.data_dir.clone().or_else(|| directory("TIDINGS_DATA"));
        named.map_or_else(|| standalone::default_path(&project()), Ok)
    }

    pub(crate) fn ports(&self) -> Ports {
        Ports::Offset(self.port_offset)
    }
}

/// The directory of `components/` and, unless told otherwise, of the data.
pub(crate) fn project() -> PathBuf {
    directory("TIDINGS_PROJECT").unwrap_or_else(|| PathBuf::from("."))
}

fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn user(text: &str) -> Result<String, String> {
    let user = text.trim();
    let valid = (1..=255).contains(&user.chars().count()) && !user.chars().any(char::is_control);
    if valid { Ok(user.to_owned()) } else { Err("a user's id has 1 to 255 characters on one line".to_owned()) }
}

fn lifetime(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "write a number with s, m, h or d, such as 15m, of at most 30d".to_owned();
    let number = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let count: i64 = number.parse().map_err(|_| wrong())?;
    let read = match &text[number.len()..] {
        "s" => TimeDelta::try_seconds(count),
        "m" => TimeDelta::try_minutes(count),
        "h" => TimeDelta::try_hours(count),
        "d" => TimeDelta::try_days(count),
        _ => None,
    };
    read.filter(|lifetime| *lifetime > TimeDelta::zero() && *lifetime <= MAX_LIFETIME).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_with_their_unit() {
        assert_eq!(lifetime("90s"), Ok(TimeDelta::seconds(90)));
        assert_eq!(lifetime("15m"), Ok(TimeDelta::minutes(15)));
        assert_eq!(lifetime("30d"), Ok(TimeDelta::days(30)));
        for wrong in ["", "15", "m", "0m", "-5m", "31d", "15 m", "15min", "9223372036854775807d"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
