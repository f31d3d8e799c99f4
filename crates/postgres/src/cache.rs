//! Programs that were fetched because this machine has no PostgreSQL.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::{Binaries, MINIMUM_MAJOR};
use crate::error::Error;

/// `${XDG_CACHE_HOME:-~/.cache}/tidings/postgres`; for root, whose home is often closed to the server's account, a
/// directory of the system.
pub(crate) fn directory(account: Option<Account>) -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let base = if account.is_some() { None } else { own() };
    base.unwrap_or_else(|| PathBuf::from("/var/cache")).join("tidings/postgres")
}

/// Fetches programs that can read data of `data_major`, or that suit new data, into `cache`.
pub(crate) async fn fill(cache: &Path, data_major: Option<u32>, account: Option<Account>) -> Result<Binaries, Error> {
    let not_found = |reason| {
        let needed = data_major.map_or_else(|| format!("{MINIMUM_MAJOR} or newer"), |major| major.to_string());
        Error::NotFound { needed, reason }
    };
    fetched(cache, data_major, account).await.map_err(not_found)
}

#[cfg(not(feature = "fetch"))]
#[expect(clippy::unused_async, reason = "the same shape as the one that fetches")]
async fn fetched(_: &Path, _: Option<u32>, _: Option<Account>) -> Result<Binaries, String> {
    Err(String::new())
}

#[cfg(feature = "fetch")]
async fn fetched(cache: &Path, data_major: Option<u32>, account: Option<Account>) -> Result<Binaries, String> {
    let tell = |reason: String| format!(", and fetching it from Maven Central failed ({reason})");
    let directory = crate::fetch::fetch(cache, data_major).await.map_err(|error| tell(error.to_string()))?;
    Binaries::inspect(&directory.join("bin"), account).map_err(tell)
}
