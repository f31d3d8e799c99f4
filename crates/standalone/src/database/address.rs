//! The address of a database, and trying it before anything relies on it.

use std::fmt;
use std::time::Duration;

use anyhow::{anyhow, bail};
use platform::config::Secret;
use reqwest::Url;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{ConnectOptions as _, Connection as _, Error, PgConnection, Row as _, raw_sql};
use tokio::time::timeout;

use super::refusal;

/// How long a server may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(5);

/// The address of a database as one user. It is shown without its password.
#[derive(Clone)]
pub(crate) struct Address {
    /// Where it was given, such as `DATABASE_URL`.
    pub(super) origin: &'static str,
    url: Url,
    pub(super) options: PgConnectOptions,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `<user> at <host>:<port>`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        write!(f, "{} at {}:{}", options.get_username(), options.get_host(), options.get_port())
    }
}

impl Address {
    /// Reads an address that was given in `origin`. What is wrong is told without quoting it, for its password.
    pub(super) fn parse(origin: &'static str, text: &str) -> anyhow::Result<Self> {
        let wrong = |what: &str| anyhow!("{origin} {what}: write it as postgres://user:password@host:5432/database");
        let url = Url::parse(text).map_err(|error| wrong(&format!("is not an address ({error})")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("is not the address of a PostgreSQL server"));
        }
        let options = platform::database::address(text).map_err(|error| {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            wrong(&format!("cannot be used ({reason})"))
        })?;
        Ok(Self { origin, url, options })
    }

    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The same database as another user, with the other settings kept.
    pub(super) fn as_role(&self, database: &str, role: &str, password: &Secret) -> String {
        let mut url = self.url.clone();
        let kept: Vec<(String, String)> =
            self.url.query_pairs().filter(|(name, _)| name != "user" && name != "password").map(owned).collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        if url.path().trim_start_matches('/').is_empty() && !self.url.query_pairs().any(|(name, _)| name == "dbname") {
            url.set_path(database);
        }
        let named = url.set_username(role).and_then(|()| url.set_password(Some(password.expose())));
        if named.is_err() {
            // Without a host, as for a Unix socket, the user stands among the settings.
            url.query_pairs_mut().append_pair("user", role).append_pair("password", password.expose());
        }
        url.into()
    }

    /// Connects once, and gives the name of the database.
    ///
    /// # Errors
    /// Says in one line what is wrong with the address, the server or the database, and what to do.
    pub(super) async fn probe(&self) -> anyhow::Result<String> {
        let mut connection = self.connect().await.map_err(|error| refusal::explain(self, &error))?;
        // Not prepared, so that it passes any pooler.
        let row = raw_sql("SELECT current_database()::text, current_setting('server_version_num')::int / 10000")
            .fetch_one(&mut connection)
            .await?;
        let (name, major): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
        let _ = connection.close().await;
        if u32::try_from(major).is_ok_and(|major| major < postgres::MINIMUM_MAJOR) {
            bail!("{self} is PostgreSQL {major}: version {} or newer is needed", postgres::MINIMUM_MAJOR);
        }
        Ok(name)
    }

    /// One connection, made without a pool: a pool hides why it has none.
    pub(super) async fn connect(&self) -> Result<PgConnection, Error> {
        timeout(PATIENCE, self.options.connect()).await.unwrap_or(Err(Error::PoolTimedOut))
    }
}

fn owned((name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_role(url: &str) -> String {
        let address = Address::parse("DATABASE_URL", url).unwrap();
        address.as_role("tidings", "tidings_core", &Secret::new("p w"))
    }

    #[test]
    fn a_role_takes_the_owners_place_and_the_settings_stay() {
        assert_eq!(
            as_role("postgres://owner:secret@db.example:6432/tidings?sslmode=require"),
            "postgres://tidings_core:p%20w@db.example:6432/tidings?sslmode=require"
        );
        assert_eq!(
            as_role("postgresql://db.example/tidings?user=owner&password=secret"),
            "postgresql://tidings_core:p%20w@db.example/tidings"
        );
        // Without a database the server would take the role's name for it.
        assert_eq!(as_role("postgres://tidings@localhost"), "postgres://tidings_core:p%20w@localhost/tidings");
        let socket = as_role("postgres:///tidings?host=/run/postgresql");
        assert_eq!(socket, "postgres:///tidings?host=%2Frun%2Fpostgresql&user=tidings_core&password=p+w");
    }

    #[test]
    fn what_is_no_address_is_told_without_its_password() {
        for wrong in ["tidings", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:99999/d", "postgres://h/d?sslmode=x"]
        {
            let told = Address::parse("DATABASE_URL", wrong).unwrap_err().to_string();
            assert!(told.starts_with("DATABASE_URL ") && told.contains("postgres://user:password@"), "{told}");
            assert!(!told.contains("hunter2") && !told.contains('\n'), "{told}");
        }
        let shown = format!("{:?}", Address::parse("DATABASE_URL", "postgres://u:hunter2@h:1/d").unwrap());
        assert_eq!(shown, "u at h:1");
    }
}
