//! The settings of backend-api.

use std::ops::RangeInclusive;

use chrono::TimeDelta;
use platform::auth::TrustedIssuer;
use platform::config::{ConfigErrors, Reader, Secret, ServiceConfig, Variables};
use platform::database::DatabaseConfig;
use platform::origins::AllowedOrigins;
use platform::rate_limit::{AddressLimit, Rate};

use crate::store::users::BUILT_IN_ISSUER;

/// The HTTP API of its sidecar, unless it is told otherwise.
pub const DAPR_HTTP_PORT: u16 = 3500;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and where its sidecar is.
    pub service: ServiceConfig,
    /// `DATABASE_URL`, as the role of schema `core`, and `DATABASE_POOL`.
    pub database: DatabaseConfig,
    /// `AUTH_SECRET`: what the built-in issuer's keys, refresh tokens and list cursors are derived from.
    pub auth_secret: Secret,
    /// `AUTH_ISSUER`: the name of the built-in issuer, `iss` and `aud` of its tokens.
    pub auth_issuer: String,
    /// `TRUSTED_ISSUERS`: others whose tokens are accepted, such as Better Auth.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// `ALLOWED_ORIGINS`: browsers' pages that may call the API (CORS).
    pub allowed_origins: AllowedOrigins,
    /// `CHANGE_HISTORY_DAYS`: how long a client may be away and still be told what changed, 1 to 3650 days; 30 unless set.
    pub change_history: TimeDelta,
    /// `DELETED_TASK_DAYS`: how long deleted tasks stay in the table, 0 to 3650 days; 30 unless set. After that they are
    /// restored from the history.
    pub keep_deleted_tasks: TimeDelta,
    /// How often anybody may ask.
    pub rate_limits: RateLimits,
}

/// How often anybody may ask. Any of them can be `off`.
#[derive(Clone, Debug)]
pub struct RateLimits {
    /// `RATE_LIMIT_PER_ADDRESS` and `TRUSTED_PROXIES`.
    pub address: AddressLimit,
    /// `RATE_LIMIT_PER_USER`: 3000/60 unless set.
    pub per_user: Option<Rate>,
    /// `RATE_LIMIT_SIGN_IN`: attempts with a password for one account, 20/60 unless set; from one address, 15 times as many
    /// for all accounts together, registrations among them. A refresh token is no such attempt: nobody guesses one.
    pub sign_in: Option<Rate>,
}

impl RateLimits {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            address: AddressLimit::read(reader),
            per_user: Rate::read(reader, "RATE_LIMIT_PER_USER", Rate::per_minute(3_000)),
            sign_in: Rate::read(reader, "RATE_LIMIT_SIGN_IN", Rate::per_minute(20)),
        }
    }
}

/// The longest that anything can be kept, in days.
const MAX_DAYS: u16 = 3650;

impl Config {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(variables: &Variables) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let config = Self {
            service: ServiceConfig::read(&mut reader, 8000, DAPR_HTTP_PORT, 13_500),
            database: DatabaseConfig::read(&mut reader),
            auth_secret: Secret::new(
                reader.required("AUTH_SECRET", "at least 32 random bytes: openssl rand -base64 48"),
            ),
            auth_issuer: reader.optional("AUTH_ISSUER").unwrap_or("http://localhost:8000").to_owned(),
            trusted_issuers: TrustedIssuer::read(&mut reader),
            allowed_origins: AllowedOrigins::read(&mut reader),
            change_history: days(&mut reader, "CHANGE_HISTORY_DAYS", 30, 1..=MAX_DAYS),
            rate_limits: RateLimits::read(&mut reader),
            keep_deleted_tasks: days(&mut reader, "DELETED_TASK_DAYS", 30, 0..=MAX_DAYS),
        };
        if reader.optional("AUTH_SECRET").is_some_and(|secret| secret.len() < 32) {
            reader.mistake("AUTH_SECRET", "is too short: at least 32 random bytes, openssl rand -base64 48");
        }
        if config.trusted_issuers.iter().any(|trusted| trusted.issuer == BUILT_IN_ISSUER) {
            reader.mistake("TRUSTED_ISSUERS", "must not name an issuer built-in: that is the one of this service");
        }
        reader.finish(config)
    }
}

fn days(reader: &mut Reader<'_>, name: &str, default: u16, range: RangeInclusive<u16>) -> TimeDelta {
    let days = reader.parse_or(name, default);
    if !range.contains(&days) {
        reader.mistake(name, &format!("must be {} to {} days", range.start(), range.end()));
    }
    TimeDelta::days(days.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let url = "postgres://core:password@localhost/tidings";
        Variables::default().with("DATABASE_URL", url).with("AUTH_SECRET", "x".repeat(32))
    }

    #[test]
    fn the_database_and_a_secret_are_enough() {
        let config = Config::read(&variables()).unwrap();
        assert_eq!(config.keep_deleted_tasks, TimeDelta::days(30));
        assert_eq!((config.service.port, config.database.pool.max_connections), (8000, 16));
        assert_eq!(config.change_history, TimeDelta::days(30));
        assert!(!format!("{config:?}").contains("password"));
    }

    #[test]
    fn every_mistake_is_told() {
        let issuers = r#"[{"issuer": "built-in", "jwks_url": "http://localhost/jwks", "audience": "a"}]"#;
        for (name, value) in [
            ("DATABASE_URL", ""),
            ("DATABASE_POOL", "0"),
            ("DATABASE_POOL", "101"),
            ("DATABASE_POOL", "-1"),
            ("AUTH_SECRET", "short"),
            ("ALLOWED_ORIGINS", "localhost"),
            ("CHANGE_HISTORY_DAYS", "0"),
            ("CHANGE_HISTORY_DAYS", "3651"),
            ("CHANGE_HISTORY_DAYS", "a month"),
            ("DELETED_TASK_DAYS", "-1"),
            ("DELETED_TASK_DAYS", "3651"),
            ("DELETED_TASK_DAYS", "a month"),
            ("TRUSTED_ISSUERS", issuers),
            ("TRUSTED_PROXIES", "localhost"),
            ("RATE_LIMIT_PER_USER", "600"),
            ("RATE_LIMIT_PER_ADDRESS", "0/60"),
            ("RATE_LIMIT_SIGN_IN", "many"),
        ] {
            let ConfigErrors(mistakes) = Config::read(&variables().with(name, value)).unwrap_err();
            assert!(mistakes.len() == 1 && mistakes[0].contains(name), "{name}: {mistakes:?}");
        }
        let nothing = Config::read(&Variables::default().with("DATABASE_POOL", "1000")).unwrap_err().to_string();
        for name in ["DATABASE_URL", "DATABASE_POOL", "AUTH_SECRET"] {
            assert!(nothing.contains(name), "{nothing}");
        }
    }
}
