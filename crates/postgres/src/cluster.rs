//! The data directory: which version wrote it, and making a new one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;

use crate::account::command;
use crate::binaries::Binaries;
use crate::error::{Error, FileContext};
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

/// Makes the data directory where there is none, and returns the superuser's password.
///
/// It is made under another name and renamed when complete, so that one cut short is never taken for data.
pub(crate) fn ensure(place: &Place, binaries: &Binaries) -> Result<String, Error> {
    // One at a time: a second start waits here, and then finds the data.
    let log = place.open_log()?;
    log.lock().context("lock", &place.log)?;
    if data_major(&place.data)?.is_some() {
        return password::read(&place.password, &place.data);
    }
    let staging = beside(&place.data, ".new");
    if staging.exists() {
        fs::remove_dir_all(&staging).context("remove", &staging)?;
    }
    create_private(&staging, place.account)?;
    let password = password::generate();
    let made = initialise(place, binaries, &staging, &password);
    let _ = fs::remove_dir_all(&staging);
    made.map(|()| password)
}

fn initialise(place: &Place, binaries: &Binaries, staging: &Path, password: &str) -> Result<(), Error> {
    let password_file = staging.join("password");
    password::write(&password_file, password)?;
    if let Some(account) = place.account {
        account.own(&password_file)?;
    }
    let fresh = staging.join("data");
    let mut result = Ok(());
    for locale in locales(binaries.major) {
        result = initdb(place, binaries, &fresh, &password_file, locale);
        match &result {
            // The operating system does not have this locale.
            Err(Error::Program { said, .. }) if said.contains("invalid locale") => {}
            _ => break,
        }
    }
    result?;
    password::write(&place.password, password)?;
    fs::rename(&fresh, &place.data).context("rename", &fresh)
}

/// Byte order for sorting, Unicode for letter case, as far as version and operating system have it.
fn locales(major: u32) -> Vec<&'static [&'static str]> {
    let plain: &[&str] = &["--no-locale"];
    if major >= BUILTIN_LOCALE_SINCE {
        vec![&["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], plain]
    } else {
        vec![&["--locale=C.UTF-8", "--lc-messages=C"], plain]
    }
}

fn initdb(
    place: &Place,
    binaries: &Binaries,
    fresh: &Path,
    password_file: &Path,
    locale: &[&str],
) -> Result<(), Error> {
    let program = binaries.initdb();
    let output = command(&program, place.account)
        .arg("--pgdata")
        .arg(fresh)
        .args(["--encoding=UTF8", "--username=postgres", "--auth=scram-sha-256"])
        .arg("--pwfile")
        .arg(password_file)
        .args(locale)
        .args(place.throw_away.then_some("--no-sync"))
        .stdin(Stdio::null())
        .output()
        .context("run", &program)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    if said.contains("No space left on device") {
        return Err(Error::DiskFull { directory: place.data.clone() });
    }
    Err(Error::Program { program, said })
}
