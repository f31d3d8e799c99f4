//! The superuser's password: generated, and kept in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::rngs::OsRng;
use rand::{RngCore, TryRngCore};

use crate::error::{Error, FileContext};

/// A new password of 256 bits, in hexadecimal so that it needs no escaping in a URL.
pub(crate) fn generate() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.unwrap_err().fill_bytes(&mut bytes);
    hexadecimal(&bytes)
}

/// Two lower-case digits per byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Writes `password` to a file of mode 0600; an older file there is replaced.
pub(crate) fn write(path: &Path, password: &str) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(source).context("replace", path)?,
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).context("create", path)?;
    file.write_all(password.as_bytes()).context("write", path)?;
    file.sync_all().context("write", path)
}

/// The password of an earlier start.
pub(crate) fn read(path: &Path, data: &Path) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::NoPassword { directory: data.to_owned(), password: path.to_owned() })
        }
        text => Ok(text.context("read", path)?.trim().to_owned()),
    }
}
