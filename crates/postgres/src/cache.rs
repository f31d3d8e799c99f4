//! Programs that were fetched because this machine has no PostgreSQL.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::{Binaries, MINIMUM_MAJOR};
use crate::error::Error;

/// `${XDG_CACHE_HOME:-~/.cache}/tidings/postgres`; for root, whose home is closed to the server's account, a
/// directory of the system.
pub(crate) fn directory(account: Option<Account>) -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if account.is_some() { None } else { set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))) };
    base.unwrap_or_else(|| PathBuf::from("/var/cache")).join("tidings/postgres")
}

/// Without the feature `fetch` nothing is fetched.
pub(crate) async fn fill(_cache: &Path, data_major: Option<u32>, _account: Option<Account>) -> Result<Binaries, Error> {
    let needed = data_major.map_or_else(|| format!("{MINIMUM_MAJOR} or newer"), |major| major.to_string());
    Err(Error::NotFound { needed, reason: String::new() })
}
