//! Where the data stands, and the log and the password beside it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::account::Account;
use crate::error::{Error, FileContext};
use crate::guardian::POLL;
use crate::password;

/// Where root's data goes when the server's account cannot enter the wanted directory.
const SYSTEM_DATA: &str = "/var/lib/tidings";

/// The files of one server.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The data directory itself, never a link.
    pub(crate) data: PathBuf,
    /// Beside the directory that was asked for.
    pub(crate) log: PathBuf,
    /// Beside the directory that was asked for.
    pub(crate) password: PathBuf,
    /// Whom the server runs as, when not as the caller.
    pub(crate) account: Option<Account>,
    /// Nothing of it is needed after the process has ended.
    pub(crate) throw_away: bool,
}

impl Place {
    /// Settles where the data for `wanted` stands, and creates the directories above it.
    ///
    /// A root user's directory is often closed to the server's account (`/root` has mode 0700). The data then goes to
    /// `/var/lib/tidings`, and `wanted` becomes a link to it.
    pub(crate) fn settle(wanted: &Path) -> Result<Self, Error> {
        let wanted = std::path::absolute(wanted).context("use", wanted)?;
        let parent = wanted.parent().unwrap_or(&wanted).to_owned();
        fs::create_dir_all(&parent).context("create", &parent)?;
        let mut account = Account::for_server()?;
        let data = match (fs::canonicalize(&wanted), account) {
            (Ok(existing), _) => existing,
            (Err(_), Some(server)) if !server.can_enter(&parent) => relocate(&wanted)?,
            (Err(_), _) => wanted.clone(),
        };
        if let (Some(_), Ok(metadata)) = (account, fs::metadata(&data)) {
            // Data that another account wrote, before root took over, stays that account's.
            account = Account::new(metadata.uid(), metadata.gid()).or(account);
        }
        Ok(Self {
            data,
            log: beside(&wanted, ".log"),
            password: beside(&wanted, ".password"),
            account,
            throw_away: false,
        })
    }

    /// A new directory in the temporary one, for a server that is not kept.
    ///
    /// It belongs to the server's account, which removes it when the process has ended.
    pub(crate) fn temporary() -> Result<Self, Error> {
        let account = Account::for_server()?;
        let wanted = std::env::temp_dir();
        // A root user's own temporary directory may be closed to the server's account.
        let closed = account.is_some_and(|account| !account.can_enter(&wanted));
        let parent = if closed { PathBuf::from("/tmp") } else { wanted };
        let directory = parent.join(format!("tidings-postgres-{}", &password::generate()[..16]));
        create_private(&directory, account)?;
        let data = directory.join("data");
        Ok(Self { log: beside(&data, ".log"), password: beside(&data, ".password"), data, account, throw_away: true })
    }

    /// The directory to remove after the process has ended, if any.
    pub(crate) fn removable(&self) -> Option<&Path> {
        if self.throw_away { self.data.parent() } else { None }
    }

    /// Waits until nobody else is starting a server here; the next one starts when the returned file is dropped.
    ///
    /// A second start so finds the data complete and the first server up.
    pub(crate) async fn take_turn(&self) -> Result<File, Error> {
        let log = self.open_log()?;
        loop {
            match log.try_lock() {
                Ok(()) => return Ok(log),
                Err(TryLockError::WouldBlock) => sleep(POLL).await,
                Err(TryLockError::Error(source)) => Err(source).context("lock", &self.log)?,
            }
        }
    }

    /// Opens the log to append to it; it can quote what people stored, so others may not read it.
    pub(crate) fn open_log(&self) -> Result<File, Error> {
        let mut options = File::options();
        options.append(true).create(true).mode(0o600).open(&self.log).context("open", &self.log)
    }
}

/// `<path><ending>`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Creates a directory of mode 0700 for `account`, or for the caller if that runs the server.
pub(crate) fn create_private(path: &Path, account: Option<Account>) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(path).context("create", path)?;
    account.map_or(Ok(()), |account| account.own(path))
}

/// Makes `wanted` a link to a directory that the server's account can enter, and returns that one.
fn relocate(wanted: &Path) -> Result<PathBuf, Error> {
    let system = Path::new(SYSTEM_DATA);
    fs::create_dir_all(system).context("create", system)?;
    let target = fs::read_link(wanted).unwrap_or_else(|_| system.join(short_hash(wanted)));
    if fs::symlink_metadata(wanted).is_err() {
        set_aside(&target)?;
        symlink(&target, wanted).context("create", wanted)?;
    }
    Ok(target)
}

/// Data without the link to it was given up by removing the link; it is kept once more rather than deleted.
fn set_aside(target: &Path) -> Result<(), Error> {
    let aside = beside(target, ".removed");
    if fs::symlink_metadata(target).is_err() {
        return Ok(());
    }
    match fs::remove_dir_all(&aside) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(source).context("remove", &aside)?,
        _ => {}
    }
    tracing::warn!(from = %target.display(), to = %aside.display(), "setting old data aside");
    fs::rename(target, &aside).context("rename", target)
}

/// Sixteen hexadecimal digits that tell one wanted path from another.
fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    password::hexadecimal(&digest[..8])
}
