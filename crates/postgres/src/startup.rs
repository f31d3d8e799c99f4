//! Waiting for a server to accept connections, and telling why one does not.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, tells_of_a_full_disk};
use crate::guardian::{Guardian, POLL};
use crate::place::Place;

/// How much of the log an error quotes.
const QUOTED_LINES: usize = 5;

/// Waits until the server accepts connections.
///
/// `log_start` is where this server's lines begin in the log, in bytes.
pub(crate) async fn wait_until_ready(
    guardian: &mut Guardian,
    place: &Place,
    port: u16,
    log_start: u64,
    patience: Duration,
) -> Result<(), Error> {
    let deadline = Instant::now() + patience;
    while !is_ready(&place.data, guardian.server) {
        if guardian.has_ended() {
            return Err(explain(place, port, &log_since(&place.log, log_start)));
        }
        if Instant::now() >= deadline {
            let said = last_lines(&log_since(&place.log, log_start));
            return Err(Error::NotReady { seconds: patience.as_secs(), log: place.log.clone(), said });
        }
        sleep(POLL).await;
    }
    Ok(())
}

fn is_ready(data: &Path, server: u32) -> bool {
    state(data).is_some_and(|(pid, state)| pid == server.to_string() && state == "ready")
}

/// Whether the server that last used the data is ending, as it does for a moment after its owner has.
pub(crate) fn is_leaving(data: &Path) -> bool {
    state(data).is_none_or(|(_, state)| state == "stopping")
}

/// Reads what `pg_ctl --wait` reads: `postmaster.pid` has the server's process id in its first line and its state in
/// the eighth.
fn state(data: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines().map(|line| line.trim().to_owned());
    Some((lines.next()?, lines.nth(6)?))
}

/// Turns the log of a server that ended into the error that says what to do.
fn explain(place: &Place, port: u16, log: &str) -> Error {
    let directory = place.data.clone();
    if tells_of_a_full_disk(log) {
        return Error::DiskFull { directory };
    }
    if let Some(pid) = other_server(log) {
        return Error::AlreadyRunning { directory, pid };
    }
    if log.contains("Address already in use") {
        return Error::PortInUse { port };
    }
    Error::Ended { log: place.log.clone(), said: last_lines(log) }
}

/// The process id in `HINT: Is another postmaster (PID 4711) running in data directory "…"?`
fn other_server(log: &str) -> Option<u32> {
    let (_, hint) =
        log.split_once("Is another postmaster (PID ").or_else(|| log.split_once("Is another postgres (PID "))?;
    hint.split(')').next()?.parse().ok()
}

fn log_since(log: &Path, start: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = fs::File::open(log)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(log: &str) -> Error {
        let [data, log_file, password] = ["/d/postgres", "/d/postgres.log", "/d/postgres.password"].map(Into::into);
        explain(&Place { data, log: log_file, password, account: None, throw_away: false }, 5432, log)
    }

    #[test]
    fn what_the_server_says_becomes_what_to_do() {
        let live = "FATAL:  lock file \"postmaster.pid\" already exists\n\
                    HINT:  Is another postmaster (PID 4711) running in data directory \"/d/postgres\"?\n";
        assert!(matches!(explained(live), Error::AlreadyRunning { pid: 4711, .. }));
        let full = "FATAL:  could not write lock file \"postmaster.pid\": No space left on device\n";
        let nearly = "FATAL:  could not extend file \"base/1/2691\": wrote only 4096 of 8192 bytes at block 20\n\
                      HINT:  Check free disk space.\n";
        assert!([full, nearly].into_iter().all(|log| matches!(explained(log), Error::DiskFull { .. })));
        let taken = "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use\n\
                     FATAL:  could not create any TCP/IP sockets\n";
        assert!(matches!(explained(taken), Error::PortInUse { port: 5432 }));
    }

    #[test]
    fn what_is_not_understood_is_quoted_from_the_end_of_the_log() {
        let text = explained("one\ntwo\n\nthree\nfour\n  five\nsix\nseven\n").to_string();
        assert!(text.ends_with("it said: three; four; five; six; seven"), "{text}");
    }
}
