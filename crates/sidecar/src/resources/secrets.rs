//! The local secret stores: a JSON file, or the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::component::Component;
use super::document::Problem;

/// Why a secret cannot be given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("secret {0} not found")]
    NotFound(String),
}

/// A secret store: every secret is a map, of one entry unless the store is multi-valued.
pub(crate) struct SecretStore {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    source: Source,
}

enum Source {
    File(BTreeMap<String, BTreeMap<String, String>>),
    Environment { prefix: String },
}

impl std::fmt::Debug for SecretStore {
    /// The name only: what the store holds is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SecretStore").field(&self.name).finish()
    }
}

impl SecretStore {
    /// Opens the store of `component`; the file is read once.
    pub(super) fn open(component: &Component, base: &Path) -> Result<Self, Problem> {
        let source = match component.kind.as_str() {
            "secretstores.local.file" => Source::File(read(component, base)?),
            "secretstores.local.env" => {
                Source::Environment { prefix: component.property("prefix")?.unwrap_or_default().to_owned() }
            }
            other => return Err(Problem(format!("no such type of secret store: {other}"))),
        };
        Ok(Self { name: component.name.clone(), scopes: component.scopes.clone(), source })
    }

    /// One secret. A variable that is not set is an empty secret, as it is to daprd.
    pub(crate) fn get(&self, key: &str) -> Result<BTreeMap<String, String>, SecretError> {
        match &self.source {
            Source::File(secrets) => secrets.get(key).cloned().ok_or_else(|| SecretError::NotFound(key.to_owned())),
            Source::Environment { prefix } => {
                let name = format!("{prefix}{key}");
                let value = if withheld(&name) { None } else { std::env::var(name).ok() };
                Ok(BTreeMap::from([(key.to_owned(), value.unwrap_or_default())]))
            }
        }
    }

    /// Every secret.
    pub(crate) fn all(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        match &self.source {
            Source::File(secrets) => secrets.clone(),
            Source::Environment { prefix } => std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .filter(|(name, _)| !withheld(name))
                .filter_map(|(name, value)| Some((name.strip_prefix(prefix.as_str())?.to_owned(), value)))
                .map(|(name, value)| (name.clone(), BTreeMap::from([(name, value)])))
                .collect(),
        }
    }
}

/// The sidecar's own tokens are not for its app to read.
fn withheld(variable: &str) -> bool {
    let variable = variable.to_ascii_uppercase();
    variable == "APP_API_TOKEN" || variable.starts_with("DAPR_")
}

fn read(component: &Component, base: &Path) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
    let file = component.property("secretsFile")?.ok_or_else(|| Problem("secretsFile is not set".to_owned()))?;
    let given = PathBuf::from(file);
    let path = if given.exists() { given } else { base.join(file) };
    let text = std::fs::read_to_string(&path).map_err(|error| Problem(format!("{}: {error}", path.display())))?;
    let root: serde_json::Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| Problem(format!("{}: {error}", path.display())))?;
    let separator = component.property("nestedSeparator")?.unwrap_or(":");
    let multi_valued = component.property("multiValued")?.is_some_and(|value| value == "true");
    let mut secrets = BTreeMap::new();
    for (name, value) in &root {
        let mut flat = BTreeMap::new();
        match value {
            Value::Object(_) if multi_valued => flatten("", value, separator, &mut flat),
            _ => flatten(name, value, separator, &mut flat),
        }
        if multi_valued {
            secrets.insert(name.clone(), flat);
        } else {
            secrets.extend(flat.into_iter().map(|(key, value)| (key.clone(), BTreeMap::from([(key, value)]))));
        }
    }
    Ok(secrets)
}

/// `{"a": {"b": 1}, "c": ["x"]}` → `a:b` = 1, `c:0` = x.
fn flatten(name: &str, value: &Value, separator: &str, flat: &mut BTreeMap<String, String>) {
    let under = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}{separator}{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&under(key), value, separator, flat)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| flatten(&under(&i.to_string()), value, separator, flat));
        }
        Value::String(text) => drop(flat.insert(name.to_owned(), text.clone())),
        other => drop(flat.insert(name.to_owned(), other.to_string())),
    }
}
