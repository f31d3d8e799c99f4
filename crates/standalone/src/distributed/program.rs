//! A program of the distributed system: started with a log of its own, started again when it ends, ended with this process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::log_tail::LogTail;

/// Runs the program that follows until standard input ends, as it does when this process does, for whatever reason. Then asks it to end,
/// and makes it `$1` seconds later. `$2` gets its process id. A process group of its own keeps Ctrl-C from it: what depends on
/// others ends before them. The shell's own word on how the program ended is none of its log.
const GUARDIAN: &str = r#"
patience=$1 pidfile=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
exec 2>/dev/null
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

/// How often a program may fail in a row that never lived for long.
const FAILURES: u32 = 3;

/// What is long.
const LIVED: Duration = Duration::from_secs(10);

/// The end of a log in which its last line is looked for, in bytes.
const TAIL: u64 = 16 * 1024;

/// How often it is looked whether a program that ended is still held.
const LOOK: Duration = Duration::from_millis(100);

/// What to run, and where it says what it does.
#[derive(Debug)]
pub struct Program {
    /// Its name in messages, and of its files.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Its environment, instead of this process's.
    pub(crate) variables: Option<Vec<(String, String)>>,
    /// What is otherwise in it: set, or not set.
    pub(crate) changed: Vec<(String, Option<String>)>,
    /// The folder of `<name>.log` and `<name>.pid`.
    pub(crate) folder: PathBuf,
    /// How long it may take to end when it is asked to.
    pub(crate) patience: Duration,
    /// It is started anew once its log has said the first and, later, the second.
    pub(crate) anew_after: Option<[&'static str; 2]>,
}

/// A program under way. It is asked to end when `hold` is dropped, whoever drops it; waiting for a child would do that too.
struct Running {
    guardian: Child,
    hold: Option<ChildStdin>,
}

impl Program {
    /// A program without arguments in the environment of this process.
    pub(crate) fn new(name: &str, path: &Path, folder: &Path, patience: Duration) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            arguments: Vec::new(),
            variables: None,
            changed: Vec::new(),
            folder: folder.to_owned(),
            patience,
            anew_after: None,
        }
    }

    /// The same with one more variable in its environment.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.with_or_without(name, Some(value))
    }

    /// The same with a variable in its environment, or surely without it.
    #[must_use]
    pub(crate) fn with_or_without(mut self, name: &str, value: Option<&str>) -> Self {
        self.changed.push((name.to_owned(), value.map(ToOwned::to_owned)));
        self
    }

    /// Runs it until `stop`; whenever it ends before that, it is started again, but not while the folder has a file `<name>.hold`.
    ///
    /// # Errors
    /// When it cannot be started, or fails three times as soon as it is started and never did better.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut failures = Failures::default();
        loop {
            let started = Instant::now();
            let tail = LogTail::of(self.log());
            let Running { mut guardian, hold } = self.start()?;
            tokio::select! {
                ended = guardian.wait() => {
                    let code = ended.as_ref().ok().and_then(ExitStatus::code);
                    if failures.is_hopeless(code, started.elapsed()) {
                        anyhow::bail!("it fails as soon as it is started: {}", self.last_words());
                    }
                    self.warn(ended);
                }
                () = self.wants_to_start_anew(tail) => {
                    tracing::warn!(program = self.name, "a program is started anew: what it serves was away");
                    drop(hold);
                    self.end(guardian).await?;
                }
                () = stop.cancelled() => {
                    drop(hold);
                    return self.end(guardian).await;
                }
            }
            let rest = PAUSE.saturating_sub(started.elapsed());
            let pause = async {
                sleep(rest).await;
                while self.folder.join(format!("{}.hold", self.name)).exists() {
                    sleep(LOOK).await;
                }
            };
            tokio::select! { () = pause => {}, () = stop.cancelled() => return Ok(()) }
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
        anyhow::ensure!(status.success(), "{} failed with {status}: {}", self.name, self.last_words());
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
        for (name, value) in &self.changed {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut guardian = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        let hold = guardian.stdin.take();
        Ok(Running { guardian, hold })
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    async fn wants_to_start_anew(&self, mut tail: LogTail) {
        let Some(mut awaited) = self.anew_after.as_ref().map(|both| both.iter().peekable()) else {
            return std::future::pending().await;
        };
        while awaited.peek().is_some() {
            sleep(LOOK).await;
            for line in tail.lines() {
                awaited.next_if(|text| line.contains(**text));
            }
        }
    }

    fn warn(&self, ended: std::io::Result<ExitStatus>) {
        let (program, log) = (&self.name, self.log());
        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        let said = last_line(&log);
        tracing::warn!(program, status, said, log = %log.display(), "a program has ended; starting it again");
    }

    /// The last that it said, and where the rest is.
    fn last_words(&self) -> String {
        format!("{} ({} has more)", last_line(&self.log()), self.log().display())
    }

    /// Waits until it has ended.
    async fn end(&self, mut guardian: Child) -> anyhow::Result<()> {
        if timeout(self.patience + PAUSE, guardian.wait()).await.is_err() {
            tracing::warn!(program = self.name, "a program did not end in time and is left behind");
        }
        Ok(())
    }
}

/// How often a program failed as soon as it was started.
#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    has_lived: bool,
}

impl Failures {
    /// Notes an end. One by a signal is somebody else's doing, and what once ran will run again when the others do.
    fn is_hopeless(&mut self, code: Option<i32>, lived: Duration) -> bool {
        self.has_lived |= lived >= LIVED;
        let by_itself = code.is_some_and(|code| (1..128).contains(&code));
        self.in_a_row = if by_itself { self.in_a_row + 1 } else { 0 };
        !self.has_lived && self.in_a_row >= FAILURES
    }
}

/// The last line of a log, or the last that tells of an end; anything but a log says so.
fn last_line(log: &Path) -> String {
    let mut text = Vec::new();
    let read = File::open(log).and_then(|mut log| {
        let begin = log.metadata()?.len().saturating_sub(TAIL);
        log.seek(SeekFrom::Start(begin))?;
        log.read_to_end(&mut text)
    });
    let text = if read.is_ok() { String::from_utf8_lossy(&text).into_owned() } else { String::new() };
    let fatal = text.lines().rev().find(|line| line.contains("level=fatal") || line.starts_with("Error: "));
    let line = fatal.or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()));
    line.unwrap_or("it said nothing").trim().to_owned()
}

/// The folder for logs and process ids, with nothing of an earlier run.
pub(crate) fn fresh_folder(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Long enough for a busy machine.
    const DEADLINE: Duration = Duration::from_secs(20);

    fn shell(name: &str, script: &str, folder: &Path) -> Program {
        let arguments = ["-c", script].map(OsString::from).into();
        Program { arguments, ..Program::new(name, Path::new("/bin/sh"), folder, PAUSE) }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tidings-{name}-{}", std::process::id()));
        fresh_folder(&folder).unwrap();
        folder
    }

    async fn until_ran(log: &Path, times: usize) {
        testkit::eventually(DEADLINE, || async {
            (fs::read_to_string(log).unwrap_or_default().lines().count() >= times).then_some(())
        })
        .await;
    }

    #[tokio::test]
    async fn what_ends_is_started_again_but_not_while_it_is_held() {
        let folder = folder("short-lived");
        let program = shell("short-lived", "echo ran", &folder);
        let (log, hold, stop) = (program.log(), folder.join("short-lived.hold"), CancellationToken::new());
        let running = tokio::spawn(program.run(stop.clone()));
        until_ran(&log, 2).await;
        fs::write(&hold, "").unwrap();
        // One run may be under way; then it rests, for longer than the pause before another run.
        sleep(PAUSE * 2).await;
        let held = fs::read_to_string(&log).unwrap();
        sleep(PAUSE * 2).await;
        assert_eq!(fs::read_to_string(&log).unwrap(), held);
        fs::remove_file(&hold).unwrap();
        until_ran(&log, held.lines().count() + 1).await;
        fs::write(&hold, "").unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn what_fails_as_soon_as_it_is_started_is_given_up_with_its_last_words() {
        let folder = folder("broken");
        let script = "echo level=fatal msg=the-component-has-a-typo; echo and so on; exit 1";
        let running = shell("broken", script, &folder).run(CancellationToken::new());
        let error = tokio::time::timeout(DEADLINE, running).await.unwrap().unwrap_err().to_string();
        for part in ["as soon as it is started", "the-component-has-a-typo", "broken.log"] {
            assert!(error.contains(part), "{error}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_once_ran_or_was_ended_by_a_signal_is_not_given_up() {
        let moment = Duration::from_millis(10);
        let mut killed = Failures::default();
        assert!((0..9).all(|_| !killed.is_hopeless(Some(137), moment) && !killed.is_hopeless(None, moment)));
        let mut once = Failures::default();
        assert!(!once.is_hopeless(Some(1), LIVED));
        assert!((0..9).all(|_| !once.is_hopeless(Some(1), moment)));
        let mut never = Failures::default();
        let hopeless: Vec<bool> = (0..3).map(|_| never.is_hopeless(Some(1), moment)).collect();
        assert_eq!(hopeless, [false, false, true]);
    }

    #[tokio::test]
    async fn what_says_that_it_wants_to_is_started_anew() {
        let folder = folder("talkative");
        let say = |text: &str| {
            File::options().append(true).open(folder.join("talkative.log")).unwrap().write_all(text.as_bytes())
        };
        let program = shell("talkative", "echo started; exec sleep 100", &folder);
        let program = Program { anew_after: Some(["is ill", "is well"]), ..program };
        let (log, stop) = (program.log(), CancellationToken::new());
        let running = tokio::spawn(program.run(stop.clone()));
        until_ran(&log, 1).await;
        say("is well\nis ill\n").unwrap();
        say("is well\n").unwrap();
        until_ran(&log, 5).await;
        assert_eq!(fs::read_to_string(&log).unwrap(), "started\nis well\nis ill\nis well\nstarted\n");
        stop.cancel();
        running.await.unwrap().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
