//! Secrets that are made once and kept in the data directory.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use platform::config::Secret;
use platform::random::Random;

use crate::data_directory::DataDirectory;
use crate::services::storages;

/// The file, a JSON object of names and values.
const FILE: &str = "secrets.json";

/// What the keys of the built-in issuer are derived from.
pub(crate) const AUTH_SECRET: &str = "auth_secret";
/// What the links that end e-mails are signed with.
pub(crate) const NOTIFICATION_SECRET: &str = "notification_secret";
/// What the sidecars show the services.
pub(crate) const APP_API_TOKEN: &str = "app_api_token";
/// The password of the demo user.
const DEMO_PASSWORD: &str = "demo_password";

/// The secrets of one data directory.
#[derive(Clone, Debug)]
pub struct Secrets {
    data: DataDirectory,
}

impl Secrets {
    /// The secrets kept in `data`.
    pub fn of(data: &DataDirectory) -> Self {
        Self { data: data.clone() }
    }

    /// The password of the demo user.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn demo_password(&self) -> anyhow::Result<Secret> {
        self.get(DEMO_PASSWORD)
    }

    /// The password of the database role for `schema`.
    pub(crate) fn role_password(&self, schema: &str) -> anyhow::Result<Secret> {
        self.get(&password_name(schema))
    }

    /// Makes every secret that a system needs and that is not there yet, at once.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let mut names: Vec<String> =
            [AUTH_SECRET, NOTIFICATION_SECRET, APP_API_TOKEN, DEMO_PASSWORD].map(str::to_owned).into();
        names.extend(storages().map(|storage| password_name(storage.schema.name)));
        self.get_all(&names).map(drop)
    }

    /// The secret called `name`, which is made when it is asked for the first time.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<Secret> {
        let mut values = self.get_all(&[name.to_owned()])?;
        values.remove(name).map(Secret::new).context("the secret was made")
    }

    /// All secrets, with those of `names` that were missing made: 256 random bits in base64url each.
    fn get_all(&self, names: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
        let _alone = self.data.exclusively()?;
        let mut values = self.read()?;
        let known = values.len();
        for name in names {
            values.entry(name.clone()).or_insert_with(|| Random::system().token());
        }
        if values.len() > known {
            self.data.replace(FILE, &serde_json::to_string_pretty(&values).context("secrets as JSON")?)?;
        }
        Ok(values)
    }

    fn read(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let Some(text) = self.data.read(FILE)? else { return Ok(BTreeMap::new()) };
        // The parser's message could quote a secret.
        serde_json::from_str(&text).map_err(|_| {
            let path = self.data.join(FILE);
            anyhow!("{} is damaged: restore it, or move it away to have new secrets made", path.display())
        })
    }
}

/// What the password of the database role for `schema` is called.
fn password_name(schema: &str) -> String {
    format!("database_password_{schema}")
}
