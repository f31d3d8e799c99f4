//! Signals to processes.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// Sends a signal, such as `KILL`.
pub(crate) fn signal(name: &str, pid: u32) -> anyhow::Result<()> {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
    ensure!(sent.context("there is no program kill")?.success(), "process {pid} could not be sent {name}");
    Ok(())
}

/// Sends a signal to a process and its children. One that ends meanwhile is none to send to.
pub(crate) fn signal_family(name: &str, pid: u32) -> anyhow::Result<()> {
    signal(name, pid)?;
    for child in children(pid)? {
        let _ = signal(name, child);
    }
    Ok(())
}

fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).context("this needs Linux's /proc")?;
    list.split_whitespace().map(|child| child.parse().context("a process id")).collect()
}
