//! Ends the server when its owner ends, even if the owner is killed and cannot clean up.
//!
//! A small shell starts the server and reads from a pipe whose other end only the owner holds. The operating system
//! closes that end when the owner exits, for whatever reason; the shell then asks the server for a fast shutdown. The
//! shell stands in its own process group, so that Ctrl-C reaches the owner alone, which drains before it lets go.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::account::{Account, command};
use crate::error::{Error, FileContext};

/// SIGINT is PostgreSQL's fast shutdown. The watcher holds the only descriptor of the pipe that anyone reads.
/// `$1` is a directory to remove once the owner is gone, or empty; the rest is the server's command line.
const SCRIPT: &str = r#"
remove=$1; shift
exec 3<&0 </dev/null
trap '' HUP INT
"$@" 3<&- >&2 &
server=$!
trap 'kill -INT "$server"' TERM
(trap - TERM; read -r _ <&3; kill -INT "$server") >&2 &
watcher=$!
echo "$server"; exec >&2
while :; do
  wait "$server"; status=$?
  kill -0 "$server" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
[ -z "$remove" ] || (read -r _ <&3; rm -rf -- "$remove") &
exit "$status"
"#;

/// How often the server is looked at while something is awaited of it.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// A running server and the shell that guards it; the server ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guardian {
    shell: Child,
    pipe: Option<ChildStdin>,
    /// The server's process id.
    pub(crate) server: u32,
}

impl Guardian {
    /// Runs `program`, whose output goes to `log`, as `account`.
    pub(crate) fn start(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        account: Option<Account>,
        log: File,
        remove: Option<&Path>,
    ) -> Result<Self, Error> {
        let shell = Path::new("/bin/sh");
        let mut child = command(shell, account)
            .args(["-c", SCRIPT, "guardian"])
            .arg(remove.map_or_else(|| OsStr::new(""), Path::as_os_str))
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("run", shell)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).context("start", program)?;
        }
        let server = line.trim().parse().map_err(std::io::Error::other).context("start", program)?;
        Ok(Self { pipe: child.stdin.take(), shell: child, server })
    }

    /// Whether the server has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }

    /// Asks the server to end and waits for it.
    pub(crate) async fn stop(mut self, patience: Duration) -> Result<(), Error> {
        drop(self.pipe.take());
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return Err(Error::StillRunning { pid: self.server });
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}
