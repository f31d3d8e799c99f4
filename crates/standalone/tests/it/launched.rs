//! A running `tidings up`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use testkit::eventually;
use testkit::http::Client;
use tokio::time::timeout;

use crate::place::Place;

/// Longer than a start may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// How the last line of what is printed when the system is ready ends, whichever way it runs.
const READY: &str = " stops it.";

/// A system that runs until it is stopped or dropped.
pub(crate) struct Launched {
    child: Child,
    /// What was printed until the system was ready.
    pub(crate) summary: String,
    pub(crate) place: Place,
}

impl Launched {
    /// A new system with a private database server.
    pub(crate) async fn start() -> Self {
        Self::start_at(Place::new()).await
    }

    pub(crate) async fn start_at(place: Place) -> Self {
        let command = place.tidings(&["up"]);
        Self::start_as(command, place).await
    }

    /// Waits until `command`, which starts the system of `place`, says that it is ready.
    pub(crate) async fn start_as(mut command: Command, place: Place) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = Vec::new();
            for line in output.lines() {
                lines.push(line.unwrap());
                if lines.last().is_some_and(|line| line.ends_with(READY)) {
                    break;
                }
            }
            lines
        });
        let lines = timeout(DEADLINE, reading).await.expect("the system starts in time").unwrap();
        if lines.last().is_none_or(|line| !line.ends_with(READY)) {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("the system did not start: {said}");
        }
        Self { child, summary: lines.join("\n"), place }
    }

    /// The address of the REST API.
    pub(crate) fn api(&self) -> String {
        format!("http://localhost:{}", self.place.port(8000))
    }

    /// A client for the REST API as a user, with a token from `tidings token`.
    pub(crate) fn client(&self, user: &str) -> Client {
        let output = self.place.tidings(&["token", "--user", user]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Client::new(self.api()).with_token(String::from_utf8(output.stdout).unwrap().trim())
    }

    /// The variables with which `tidings` finds this system.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.place.environment()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.place.directory()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`, and waits until the process has ended; what it said in the end comes along.
    pub(crate) async fn end_by(self, signal: &str) -> (ExitStatus, String) {
        send(signal, self.pid());
        self.ended().await
    }

    /// Waits until the process has ended; what it said in the end comes along.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let status = eventually(DEADLINE, || {
            let ended = self.child.try_wait().unwrap();
            async move { ended }
        })
        .await;
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }

    /// Stops it in order and waits until it has ended.
    pub(crate) async fn stop(self) {
        let (status, said) = self.end_by("TERM").await;
        assert!(status.success(), "{said}");
    }
}

/// Sends a signal, such as `TERM`, to a process.
pub(crate) fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
