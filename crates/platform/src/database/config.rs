//! Where the database is, and how it is used: `DATABASE_…`.

use std::str::FromStr;
use std::time::Duration;

use crate::config::{Reader, Secret};

/// How statements are sent: `DATABASE_STATEMENTS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statements {
    /// Each is prepared once per connection, under a name. For Postgres itself, and for poolers that keep track of names, as
    /// PgBouncer does since 1.21.
    #[default]
    Cached,
    /// Each is prepared anew, without a name, and never outside of a transaction, so that whatever pooler is between sends
    /// preparation and execution to the same server connection.
    Unnamed,
}

impl FromStr for Statements {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "cached" => Ok(Self::Cached),
            "unnamed" => Ok(Self::Unnamed),
            _ => Err("it is cached or unnamed"),
        }
    }
}

/// How many connections a pool keeps, how they are used, and how long is waited for what.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout: Duration,
    /// How long a statement may go without an answer before its connection counts as lost.
    pub answer_timeout: Duration,
    /// How long a transaction may stand still before the server ends it and frees what it locked: whoever began it may have been
    /// lost without a word. Longer than publishing takes, for which the outbox's relay holds one.
    pub idle_transaction: Duration,
    /// How long the first connection may take: at the start after a failure everybody connects at once, and a process that
    /// gave up would only come back to the same.
    pub first_connection: Duration,
    /// How statements are sent.
    pub statements: Statements,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(15),
            idle_transaction: Duration::from_mins(1),
            first_connection: Duration::from_secs(30),
            statements: Statements::Cached,
        }
    }
}

impl PoolOptions {
    /// For an administrator: one connection, whose statements may take their time. It does not pass a pooler.
    pub fn of_administrator() -> Self {
        Self { max_connections: 1, answer_timeout: Duration::from_mins(10), ..Self::default() }
    }

    /// Reads `DATABASE_POOL` (connections at most, 1 to 100; 16 unless set), `DATABASE_WAIT_SECONDS` (how long a request waits
    /// for one, 1 to 30; 5), `DATABASE_ANSWER_SECONDS` (how long a statement may go without an answer, 1 to 300; 15) and
    /// `DATABASE_STATEMENTS` (`cached` or `unnamed`).
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let max_connections = reader.parse_or("DATABASE_POOL", default.max_connections);
        if !(1..=100).contains(&max_connections) {
            reader.mistake("DATABASE_POOL", "must be 1 to 100 connections");
        }
        let wait = reader.parse_or("DATABASE_WAIT_SECONDS", default.acquire_timeout.as_secs());
        if !(1..=30).contains(&wait) {
            reader.mistake("DATABASE_WAIT_SECONDS", "must be 1 to 30");
        }
        let answer = reader.parse_or("DATABASE_ANSWER_SECONDS", default.answer_timeout.as_secs());
        if !(1..=300).contains(&answer) {
            reader.mistake("DATABASE_ANSWER_SECONDS", "must be 1 to 300");
        }
        let statements = reader.parse_or("DATABASE_STATEMENTS", default.statements);
        let (acquire_timeout, answer_timeout) = (Duration::from_secs(wait), Duration::from_secs(answer));
        Self { max_connections, acquire_timeout, answer_timeout, statements, ..default }
    }
}

/// Where a service's database is and how much of it the service may use.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`: its address, as the service's own role.
    pub url: Secret,
    /// How it is used.
    pub pool: PoolOptions,
}

impl DatabaseConfig {
    /// Reads both; the address must be set.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let hint = "the address of the database, such as postgres://user:password@host/name";
        Self { url: Secret::new(reader.required("DATABASE_URL", hint)), pool: PoolOptions::read(reader) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    const URL: &str = "postgres://core:hunter2@localhost/tidings";

    fn read(variables: &Variables) -> Result<DatabaseConfig, String> {
        let mut reader = Reader::new(variables);
        let config = DatabaseConfig::read(&mut reader);
        reader.finish(config).map_err(|mistakes| mistakes.to_string())
    }

    fn read_with(name: &str, value: &str) -> Result<PoolOptions, String> {
        read(&Variables::default().with("DATABASE_URL", URL).with(name, value)).map(|config| config.pool)
    }

    fn assert_refused(name: &str, values: &[&str]) {
        for value in values {
            let mistake = read_with(name, value).unwrap_err();
            assert!(mistake.contains(name), "{mistake}");
        }
    }

    #[test]
    fn the_address_must_be_told_and_is_not_printed() {
        let config = read(&Variables::default().with("DATABASE_URL", URL)).unwrap();
        assert_eq!((config.url.expose(), config.pool.max_connections), (URL, 16));
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        let missing = read(&Variables::default()).unwrap_err();
        assert!(missing.contains("DATABASE_URL is not set"), "{missing}");
    }

    #[test]
    fn a_pool_has_1_to_100_connections() {
        for right in [1, 100] {
            assert_eq!(read_with("DATABASE_POOL", &right.to_string()).unwrap().max_connections, right);
        }
        assert_refused("DATABASE_POOL", &["0", "101", "-1", "many"]);
    }

    #[test]
    fn a_request_waits_1_to_30_seconds_for_a_connection() {
        for (seconds, expected) in [("", 5), ("1", 1), ("30", 30)] {
            let pool = read_with("DATABASE_WAIT_SECONDS", seconds).unwrap();
            assert_eq!(pool.acquire_timeout, Duration::from_secs(expected));
        }
        assert_refused("DATABASE_WAIT_SECONDS", &["0", "31", "-1", "long"]);
    }

    #[test]
    fn a_statement_is_answered_within_1_to_300_seconds() {
        for (seconds, expected) in [("", 15), ("1", 1), ("300", 300)] {
            let pool = read_with("DATABASE_ANSWER_SECONDS", seconds).unwrap();
            assert_eq!(pool.answer_timeout, Duration::from_secs(expected));
        }
        assert_refused("DATABASE_ANSWER_SECONDS", &["0", "301", "-1", "long"]);
    }

    #[test]
    fn statements_are_cached_or_unnamed() {
        for (text, expected) in
            [("", Statements::Cached), ("cached", Statements::Cached), ("unnamed", Statements::Unnamed)]
        {
            assert_eq!(read_with("DATABASE_STATEMENTS", text).unwrap().statements, expected);
        }
        assert_refused("DATABASE_STATEMENTS", &["none", "Cached"]);
    }
}
