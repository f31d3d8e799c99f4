//! The users of the bench and their tokens, made up front with the secret of the built-in issuer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::TimeDelta;
use clap::Args;
use platform::auth::{Claims, SigningKeys};
use platform::clock::Clock;
use platform::config::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longer than any run.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The first user's number. All have four digits, so that their ids are equally long.
const FIRST: usize = 1000;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// AUTH_SECRET of the system
    #[arg(long, env = "AUTH_SECRET", hide_env_values = true)]
    secret: String,
    /// AUTH_ISSUER of the system
    #[arg(long, env = "AUTH_ISSUER")]
    issuer: String,
    /// How many users
    #[arg(long, default_value_t = 1000)]
    users: usize,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

/// The file: who there is, and the keys that verify their tokens.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct People {
    pub(crate) people: Vec<Person>,
    jwks: Value,
}

/// A user with a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) token: String,
}

/// Writes the file.
pub(crate) fn write(arguments: &Arguments) -> anyhow::Result<()> {
    let issuer = arguments.issuer.as_str();
    let keys =
        SigningKeys::new(&Secret::new(&arguments.secret), issuer, issuer, Clock::system()).context("--secret")?;
    let person = |number: usize| {
        let user = format!("bench-{}", FIRST + number);
        let claims = Claims { user_id: user.clone(), ..Claims::default() };
        Person { user, token: keys.mint(&claims, LIFETIME) }
    };
    let people = People { people: (0..arguments.users).map(person).collect(), jwks: keys.jwks() };
    let out = &arguments.out;
    fs::write(out, serde_json::to_vec(&people)?).with_context(|| format!("{} cannot be written", out.display()))
}

impl People {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no file of tokens", path.display()))
    }

    /// The keys, as RFC 7517 §5 has them.
    pub(crate) fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// The first `count` of them.
    pub(crate) fn take(self, count: usize) -> anyhow::Result<Vec<Person>> {
        let there_are = self.people.len();
        anyhow::ensure!((1..=there_are).contains(&count), "there are tokens for {there_are} users, not {count}");
        Ok(self.people.into_iter().take(count).collect())
    }
}
