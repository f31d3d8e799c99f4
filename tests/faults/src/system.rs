//! The launcher of one scenario.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};

use crate::home::Home;
use crate::jobs::LOG_FILTER;
use crate::process;
use crate::scenario::Sidecars;

/// Longer than a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often something awaited is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(20);
/// How long what the launcher started may take to end after it.
const LEFT_BEHIND: Duration = Duration::from_secs(15);
/// What shows the sidecar's right to ask the services' inner paths.
pub(crate) const APP_API_TOKEN: &str = "the-fault-suite-asks-for-dead-letters";

/// A system that can be started again and again; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct System {
    tidings: PathBuf,
    sidecars: Sidecars,
    directory: PathBuf,
    offset: u16,
    database_url: Option<String>,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl System {
    pub(crate) fn at(home: &Home, tidings: PathBuf, sidecars: Sidecars) -> Self {
        let (directory, offset) = (home.path().to_owned(), home.offset);
        let database_url = home.database_url();
        Self { tidings, sidecars, directory, offset, database_url, settings: Vec::new(), child: None }
    }

    /// A setting from the next start on.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.settings.push((name, value));
    }

    /// A port, named by the one without an offset.
    pub(crate) fn port(&self, port: u16) -> u16 {
        port + self.offset
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.tidings);
        for name in ["DATABASE_URL", "DATABASE_URL_DIRECT", "AUTH_SECRET", "AUTH_ISSUER", "TIDINGS_PROJECT"] {
            command.env_remove(name);
        }
        for limit in ["RATE_LIMIT_PER_USER", "RATE_LIMIT_PER_ADDRESS", "RATE_LIMIT_SIGN_IN"] {
            command.env(limit, "off");
        }
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        command
            .args(arguments)
            .env("TIDINGS_DATA", self.data())
            .env("TIDINGS_PORT_OFFSET", self.offset.to_string())
            .env("APP_API_TOKEN", APP_API_TOKEN)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }

    /// Starts the launcher and does not wait until it is ready.
    pub(crate) fn start(&mut self) -> anyhow::Result<()> {
        let log = File::options().append(true).create(true).open(self.log())?;
        let mut command = match self.sidecars {
            Sidecars::Embedded => self.command(&["up"]),
            Sidecars::Daprd => self.command(&["up", "--distributed"]),
        };
        command.env("RUST_LOG", LOG_FILTER);
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        self.child = Some(child.with_context(|| format!("{} cannot be started", self.tidings.display()))?);
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.directory.join("tidings.log")
    }

    /// Waits until the services serve.
    pub(crate) async fn until_ready(&mut self) -> anyhow::Result<()> {
        let client = platform::http::loopback_client(Duration::from_secs(5))?;
        let (mut waiting, deadline) = (self.what_must_be_ready(), Instant::now() + PATIENCE);
        loop {
            self.must_run()?;
            let Some(url) = waiting.last() else { return Ok(()) };
            if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                waiting.pop();
                continue;
            }
            if Instant::now() > deadline {
                bail!("the launcher was not ready within {PATIENCE:?}; it said: {}", self.said());
            }
            sleep(POLL).await;
        }
    }

    fn what_must_be_ready(&self) -> Vec<String> {
        let services =
            [8000, 8002, 8003, 8004, 8005].map(|port| format!("http://127.0.0.1:{}/readyz", self.port(port)));
        let apps = [
            (3500, "backend-api"),
            (3501, "audit-service"),
            (3502, "notification-service"),
            (3503, "recurring-task-service"),
            (3504, "websocket-service"),
        ];
        let calls =
            apps.map(|(port, app)| format!("http://127.0.0.1:{}/v1.0/invoke/{app}/method/livez", self.port(port)));
        services.into_iter().chain(calls).collect()
    }

    fn data(&self) -> PathBuf {
        self.directory.join(".tidings")
    }

    /// What a part of the distributed system says.
    pub(crate) fn log_of(&self, part: &str) -> PathBuf {
        self.data().join(format!("run/{part}.log"))
    }

    /// While this file is there, the launcher does not start the part again.
    pub(crate) fn hold_of(&self, part: &str) -> PathBuf {
        self.data().join(format!("run/{part}.hold"))
    }

    /// The process of a part of the distributed system; waits until it is not `other`.
    pub(crate) async fn pid_of(&mut self, part: &str, other: Option<u32>) -> anyhow::Result<u32> {
        self.process(self.data().join(format!("run/{part}.pid")), other).await.with_context(|| part.to_owned())
    }

    /// The process of the launcher's own Postgres, in the same way.
    pub(crate) async fn pid_of_postgres(&mut self, other: Option<u32>) -> anyhow::Result<u32> {
        self.process(self.data().join("postgres/postmaster.pid"), other).await.context("Postgres")
    }

    /// Whether a part of the distributed system runs.
    pub(crate) fn runs(&self, part: &str) -> bool {
        self.data().join(format!("run/{part}.pid")).exists()
    }

    async fn process(&mut self, file: PathBuf, other: Option<u32>) -> anyhow::Result<u32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.must_run()?;
            let text = fs::read_to_string(&file).unwrap_or_default();
            match text.lines().next().and_then(|line| line.trim().parse().ok()) {
                Some(pid) if Some(pid) != other => return Ok(pid),
                _ if Instant::now() > deadline => bail!("does not run after {PATIENCE:?}"),
                _ => sleep(POLL).await,
            }
        }
    }

    /// The launcher ends only when it is told to.
    pub(crate) fn must_run(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_mut().context("the launcher was not started")?;
        match child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the launcher ended by itself ({status}); it said: {}", self.said()),
        }
    }

    /// The end of what it said.
    pub(crate) fn said(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("; ")
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("the launcher was not started")?.id())
    }

    /// SIGKILL: it can do nothing about it.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the launcher was not started")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.must_run()?;
        process::signal("TERM", self.pid()?)?;
        let deadline = Instant::now() + PATIENCE;
        let mut child = self.child.take().context("the launcher was not started")?;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                anyhow::ensure!(status.success(), "the launcher stopped with {status}; it said: {}", self.said());
                return Ok(());
            }
            sleep(POLL).await;
        }
        self.child = Some(child);
        bail!("the launcher did not stop within {PATIENCE:?}")
    }

    /// A token that outlives the run.
    pub(crate) fn token(&self, user: &str) -> anyhow::Result<String> {
        let output = self.command(&["token", "--user", user, "--lifetime", "8h"]).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for System {
    /// What the launcher has started ends after it, and must have before the next system starts: its sidecars would be taken for
    /// that one's.
    fn drop(&mut self) {
        let _ = self.kill();
        let deadline = std::time::Instant::now() + LEFT_BEHIND;
        let is_pid = |entry: std::io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.path().extension() == Some("pid".as_ref()))
        };
        while fs::read_dir(self.data().join("run")).is_ok_and(|mut run| run.any(is_pid))
            && std::time::Instant::now() < deadline
        {
            std::thread::sleep(POLL);
        }
    }
}
