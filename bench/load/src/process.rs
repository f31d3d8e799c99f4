//! What Linux tells about a process.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Resident memory of process `pid`, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is no number")?;
    Ok(kibibytes * 1024)
}

/// CPU time that this process has used until now, to 10 ms (`utime` and `stime` in proc(5), in ticks of which Linux shows 100
/// a second).
pub(crate) fn own_cpu() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").context("/proc/self/stat cannot be read")?;
    // The name of the program may hold anything, and ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(10 * ticks))
}

/// Fails unless this process may have `wanted` files and sockets open.
pub(crate) fn check_open_files(wanted: usize) -> anyhow::Result<()> {
    let limits = fs::read_to_string("/proc/self/limits").context("/proc/self/limits cannot be read")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).context("there is no such limit")?;
    let soft = line.split_whitespace().nth(3).unwrap_or_default();
    let allowed = if soft == "unlimited" { usize::MAX } else { soft.parse().context("the limit is no number")? };
    // Besides the sockets, a process has a few files of its own.
    anyhow::ensure!(
        allowed >= wanted + 200,
        "{allowed} files may be open, and {wanted} sockets are wanted: ulimit -n {}",
        wanted + 500
    );
    Ok(())
}
