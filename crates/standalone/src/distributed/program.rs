//! A program of the distributed system: started with a log of its own, started again when it ends, ended with this process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Runs the program that follows until standard input ends, as it does when this process does, for whatever reason. Then asks it to end,
/// and makes it `$1` seconds later. `$2` gets its process id. A process group of its own keeps Ctrl-C from it: what depends on
/// others ends before them.
const GUARDIAN: &str = r#"
patience=$1 pidfile=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
echo "$program" >"$pidfile"
(read -r _ <&3; kill -TERM "$program"; exec 3<&-; sleep "$patience"; kill -KILL "$program") 2>/dev/null &
guard=$!
wait "$program"; status=$?
kill "$guard" 2>/dev/null
rm -f "$pidfile"
exit "$status"
"#;

/// A program that ran for less is not started again at once.
const PAUSE: Duration = Duration::from_secs(1);

/// What to run, and where it says what it does.
#[derive(Debug)]
pub struct Program {
    /// Its name in messages, and of its files.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Its environment, instead of this process's.
    pub(crate) variables: Option<Vec<(String, String)>>,
    /// The folder of `<name>.log` and `<name>.pid`.
    pub(crate) folder: PathBuf,
    /// How long it may take to end when it is asked to.
    pub(crate) patience: Duration,
}

/// A program under way. It is asked to end when `hold` is dropped, whoever drops it; waiting for a child would do that too.
struct Running {
    guardian: Child,
    hold: Option<ChildStdin>,
}

impl Program {
    /// The same with one more variable in its environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let variables = self.variables.get_or_insert_with(|| std::env::vars().collect());
        variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it until `stop`; whenever it ends before that, it is started again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let started = Instant::now();
            let Running { mut guardian, hold } = self.start()?;
            tokio::select! {
                ended = guardian.wait() => self.warn(ended),
                () = stop.cancelled() => {
                    drop(hold);
                    return self.end(guardian).await;
                }
            }
            let rest = PAUSE.saturating_sub(started.elapsed());
            tokio::select! { () = sleep(rest) => {}, () = stop.cancelled() => return Ok(()) }
        }
    }

    /// Runs it once, until it ends by itself or `stop` has asked it to.
    ///
    /// # Errors
    /// When it cannot be started, does not end in time or does not succeed.
    pub async fn once(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Running { mut guardian, hold } = self.start()?;
        let ended = tokio::select! {
            ended = guardian.wait() => ended,
            () = stop.cancelled() => {
                drop(hold);
                let ended = timeout(self.patience + PAUSE, guardian.wait()).await;
                ended.with_context(|| format!("{} did not end in time", self.name))?
            }
        };
        let status = ended.with_context(|| format!("{} was lost sight of", self.name))?;
        anyhow::ensure!(status.success(), "{} failed with {status}: {} says why", self.name, self.log().display());
        Ok(())
    }

    /// Runs it once, to its end.
    ///
    /// # Errors
    /// When it cannot be started or does not succeed.
    pub(crate) async fn complete(self) -> anyhow::Result<()> {
        self.once(CancellationToken::new()).await
    }

    fn start(&self) -> anyhow::Result<Running> {
        let log = File::options().create(true).append(true).open(self.log());
        let log = log.with_context(|| format!("cannot write {}", self.log().display()))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARDIAN, "guardian"]);
        command.arg(self.patience.as_secs().to_string()).arg(self.folder.join(format!("{}.pid", self.name)));
        command.arg(&self.path).args(&self.arguments);
        if let Some(variables) = &self.variables {
            command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        }
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut guardian = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        let hold = guardian.stdin.take();
        Ok(Running { guardian, hold })
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn warn(&self, ended: std::io::Result<ExitStatus>) {
        let (program, log) = (&self.name, self.log());
        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        tracing::warn!(program, status, log = %log.display(), "a program has ended; starting it again");
    }

    /// Waits until it has ended.
    async fn end(&self, mut guardian: Child) -> anyhow::Result<()> {
        if timeout(self.patience + PAUSE, guardian.wait()).await.is_err() {
            tracing::warn!(program = self.name, "a program did not end in time and is left behind");
        }
        Ok(())
    }
}

/// The folder for logs and process ids, with nothing of an earlier run.
pub(crate) fn fresh_folder(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}
