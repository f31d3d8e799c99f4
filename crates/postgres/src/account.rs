//! Whom the server runs as: PostgreSQL refuses root, so root's servers are given to an unprivileged account.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, FileContext};

/// The user and group that the server's programs run as and that own its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// `None` when the caller is not root and the server can simply run as the caller.
    pub(crate) fn for_server() -> Result<Option<Self>, Error> {
        if !runs_as_root()? {
            return Ok(None);
        }
        let path = Path::new("/etc/passwd");
        let accounts = fs::read_to_string(path).context("read", path)?;
        Self::choose(&accounts).map(Some).ok_or(Error::NoAccount)
    }

    /// `postgres` where it exists, else `nobody`; lines are those of passwd(5).
    fn choose(accounts: &str) -> Option<Self> {
        ["postgres", "nobody"].iter().find_map(|name| accounts.lines().find_map(|line| Self::parse(line, name)))
    }

    fn parse(line: &str, name: &str) -> Option<Self> {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        // `nobody` is -2 on macOS, written as a signed number.
        let number = |field: &str| field.parse().ok().or_else(|| field.parse::<i32>().ok().map(i32::cast_unsigned));
        let uid = number(fields.nth(1)?)?;
        let gid = number(fields.next()?)?;
        Self::new(uid, gid)
    }

    /// `None` for root, whom the server refuses.
    pub(crate) fn new(uid: u32, gid: u32) -> Option<Self> {
        (uid != 0).then_some(Self { uid, gid })
    }

    /// Gives `path` itself, not what is below it, to the account.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid)).context("change the owner of", path)
    }

    /// Whether the account can enter `directory`; tried, because access lists count as well as the mode.
    pub(crate) fn can_enter(self, directory: &Path) -> bool {
        let mut command = command("/bin/sh", Some(self));
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// A program that runs as `account` (as the caller when `None`), away from any directory that it might not be let
/// into, in the plain locale, and free of the settings that PostgreSQL reads from the environment.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

fn runs_as_root() -> Result<bool, Error> {
    let program = Path::new("id");
    let output = Command::new(program).arg("-u").output().context("run", program)?;
    Ok(output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n";

    #[test]
    fn postgres_is_preferred_and_nobody_is_the_fallback() {
        let both = format!("{NOBODY}postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n");
        assert_eq!(Account::choose(&both), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::choose(NOBODY), Some(Account { uid: u32::MAX - 1, gid: u32::MAX - 1 }));
        assert_eq!(Account::choose("root:x:0:0:root:/root:/bin/sh\n"), None);
    }

    #[test]
    fn an_account_with_the_number_of_root_is_not_taken() {
        assert_eq!(
            Account::choose("postgres:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false"),
            Some(Account { uid: 65534, gid: 65534 })
        );
    }
}
