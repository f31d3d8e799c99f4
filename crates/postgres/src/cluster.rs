//! The data directory: which version wrote it, and making a new one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;

use crate::account::command;
use crate::binaries::Binaries;
use crate::error::{Error, FileContext, tells_of_a_full_disk};
use crate::password;
use crate::place::{Place, beside, create_private};

/// The first release whose own `C.UTF-8` needs nothing of the operating system.
const BUILTIN_LOCALE_SINCE: u32 = 17;

/// The major version that wrote the data; `None` when there is no data yet.
pub(crate) fn data_major(data: &Path) -> Result<Option<u32>, Error> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| Error::NotADataDirectory { directory: data.to_owned() }),
        Err(source) if source.kind() == ErrorKind::NotFound && is_free(data) => Ok(None),
        Err(source) if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(Error::NotADataDirectory { directory: data.to_owned() })
        }
        Err(source) => Err(source).context("read", &file),
    }
}

/// Whether there is nothing, or an empty directory.
fn is_free(directory: &Path) -> bool {
    fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none())
}

/// What a data directory is made of.
pub(crate) struct Cluster<'a> {
    pub(crate) place: &'a Place,
    pub(crate) binaries: &'a Binaries,
    /// Whether it must be on the disk, safe against a power failure, when it is made.
    pub(crate) durable: bool,
}

impl Cluster<'_> {
    /// Makes the data directory where there is none, and returns the superuser's password.
    ///
    /// It is made under another name and renamed when complete, so that one cut short is never taken for data.
    pub(crate) fn ensure(&self) -> Result<String, Error> {
        let Place { data, password, account, .. } = self.place;
        if data_major(data)?.is_some() {
            return password::read(password, data);
        }
        let staging = beside(data, ".new");
        if staging.exists() {
            fs::remove_dir_all(&staging).context("remove", &staging)?;
        }
        create_private(&staging, *account)?;
        let generated = password::generate();
        let made = self.make(&staging, &generated);
        let _ = fs::remove_dir_all(&staging);
        made.map(|()| generated)
    }

    fn make(&self, staging: &Path, generated: &str) -> Result<(), Error> {
        let Place { data, password, account, .. } = self.place;
        let password_file = staging.join("password");
        password::write(&password_file, generated)?;
        if let Some(account) = account {
            account.own(&password_file)?;
        }
        let fresh = staging.join("data");
        let mut result = Ok(());
        for locale in locales(self.binaries.major) {
            result = self.initdb(&fresh, &password_file, locale);
            match &result {
                // The operating system does not have this locale.
                Err(Error::Program { said, .. }) if said.contains("invalid locale") => {}
                _ => break,
            }
        }
        result?;
        password::write(password, generated)?;
        fs::rename(&fresh, data).context("rename", &fresh)
    }

    fn initdb(&self, fresh: &Path, password_file: &Path, locale: &[&str]) -> Result<(), Error> {
        let program = self.binaries.initdb();
        let output = command(&program, self.place.account)
            .arg("--pgdata")
            .arg(fresh)
            .args(["--encoding=UTF8", "--username=postgres", "--auth=scram-sha-256"])
            .arg("--pwfile")
            .arg(password_file)
            .args(locale)
            .args((!self.durable).then_some("--no-sync"))
            .stdin(Stdio::null())
            .output()
            .context("run", &program)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        if tells_of_a_full_disk(&said) {
            return Err(Error::DiskFull { directory: self.place.data.clone() });
        }
        Err(Error::Program { program, said })
    }
}

/// Byte order for sorting, Unicode for letter case, as far as version and operating system have it.
fn locales(major: u32) -> [&'static [&'static str]; 2] {
    let plain: &[&str] = &["--no-locale"];
    if major >= BUILTIN_LOCALE_SINCE {
        [&["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], plain]
    } else {
        [&["--locale=C.UTF-8", "--lc-messages=C"], plain]
    }
}
