//! Finding PostgreSQL's programs on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::account::{Account, command};
use crate::cache;
use crate::error::Error;

/// The environment variable that names the directory of PostgreSQL's programs, for those who read settings.
pub const BINARIES_VARIABLE: &str = "POSTGRES_BIN";

/// The oldest major version that Tidings' SQL runs on.
pub const MINIMUM_MAJOR: u32 = 15;

/// Directories that hold one directory per version, and what follows below it.
const VERSIONED: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A directory with `postgres` and `initdb` of one version.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) directory: PathBuf,
    pub(crate) major: u32,
}

impl Binaries {
    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    /// Looks at `directory`, as the account that will run what is there.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn inspect(directory: &Path, account: Option<Account>) -> Result<Self, String> {
        let found = |major| Self { directory: directory.to_owned(), major };
        if !found(0).initdb().is_file() {
            return Err("there is no initdb".to_owned());
        }
        let output = command(found(0).postgres(), account).arg("--version").output().map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        match parse_major(&text) {
            Some(major) if major >= MINIMUM_MAJOR => Ok(found(major)),
            Some(major) => Err(format!("it is version {major}, and {MINIMUM_MAJOR} or newer is needed")),
            None => Err(format!("postgres --version said {}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

/// Finds a server that can read data of `data_major`, or any when there is no data yet.
pub(crate) async fn find(data_major: Option<u32>, account: Option<Account>) -> Result<Binaries, Error> {
    let cache = cache::directory(account);
    let known = cache.clone();
    let found = tokio::task::spawn_blocking(move || installed(data_major, &known, account)).await.ok().flatten();
    match found {
        Some(found) if data_major.is_none_or(|major| major == found.major) => Ok(found),
        other => cache::fill(&cache, data_major, account).await.or_else(|error| other.ok_or(error)),
    }
}

/// Finds a server on this machine; with `data_major`, one that can read data of that major version where there is
/// one. Programs that were fetched earlier, below `cache`, count as installed.
pub(crate) fn installed(data_major: Option<u32>, cache: &Path, account: Option<Account>) -> Option<Binaries> {
    let mut first = None;
    for directory in candidates(cache) {
        let Ok(found) = Binaries::inspect(&directory, account) else { continue };
        if data_major.is_none_or(|major| major == found.major) {
            return Some(found);
        }
        first.get_or_insert(found);
    }
    first
}

fn candidates(cache: &Path) -> Vec<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    // The name on PATH is often a link; initdb and the shared files stand beside the real program.
    let mut found: Vec<_> = std::env::split_paths(&on_path)
        .filter_map(|directory| fs::canonicalize(directory.join("postgres")).ok()?.parent().map(Path::to_owned))
        .collect();
    for (parent, prefix, below) in VERSIONED {
        found.extend(versions(Path::new(parent), prefix).into_iter().map(|directory| directory.join(below)));
    }
    found.extend(versions(cache, "").into_iter().map(|directory| directory.join("bin")));
    found
}

/// The directories in `parent` that are named `prefix` and a version, the newest first.
fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version: Option<Vec<u32>> =
                name.strip_prefix(prefix)?.split('.').map(|part| part.parse().ok()).collect();
            Some((version?, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The 15 of `postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split(") ").nth(1)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("sh: postgres: not found"), None);
    }
}
