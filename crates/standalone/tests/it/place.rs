//! Where one test's system lives: a directory and ports of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::tempdir::TempDir;

/// Every port of a system without an offset; the last ones are those of the broker and the scheduler.
const PORTS: [u16; 20] = [
    8000, 8002, 8003, 8004, 8005, 3500, 3501, 3502, 3503, 3504, 13_500, 13_501, 13_502, 13_503, 13_504, 9092, 9093,
    13_509, 2379, 2380,
];

/// Offsets are tried in steps of 10, from another one in each process.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A directory and ports. Clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    directory: Arc<TempDir>,
    offset: u16,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: Arc::new(TempDir::new()), offset: free_offset() }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory().join(".tidings")
    }

    /// A port of this place's system, named by the one without an offset.
    pub(crate) fn port(&self, port: u16) -> u16 {
        port + self.offset
    }

    /// The variables with which `tidings` finds this place.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let data = self.data().to_str().unwrap().to_owned();
        vec![("TIDINGS_DATA".to_owned(), data), ("TIDINGS_PORT_OFFSET".to_owned(), self.offset.to_string())]
    }

    /// The program, in this place's directory, with nothing else configured.
    pub(crate) fn tidings(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        for name in ["DATABASE_URL", "DATABASE_URL_DIRECT", "AUTH_SECRET", "AUTH_ISSUER", "RUST_LOG", "TIDINGS_PROJECT"]
        {
            command.env_remove(name);
        }
        command.args(arguments).envs(self.environment()).current_dir(self.directory()).stdin(Stdio::null());
        command
    }

    /// Whether nothing listens on any port of this place's system.
    pub(crate) fn is_silent(&self) -> bool {
        // A client that was given one of these ports for itself listens to nobody.
        PORTS.iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port + self.offset)).is_err())
    }

    /// The process id of the private server, while it runs.
    pub(crate) fn postgres(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }
}

/// Runs a command that is expected to fail, and gives the one line that it says.
pub(crate) async fn refusal(mut command: Command) -> String {
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    let line = said.strip_suffix('\n').unwrap_or(&said);
    assert!(line.starts_with("tidings: ") && !line.contains('\n'), "it is told in one line: {said}");
    line.to_owned()
}

/// Whether a process runs.
pub(crate) fn is_running(pid: u32) -> bool {
    let mut look = Command::new("kill");
    look.args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

fn free_offset() -> u16 {
    let first = u16::try_from(std::process::id() % 40).unwrap() * 100;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        // Below 4490, so that the services of one system never meet the sidecars of another.
        let offset = 10 + (first + 10 * step) % 4470;
        if are_free(offset) {
            return offset;
        }
    }
}

fn are_free(offset: u16) -> bool {
    PORTS.iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port + offset)).is_ok())
}
