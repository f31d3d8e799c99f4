"""What the machine is, and whether it is fit to be measured."""

import argparse
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# 10,000 sockets and what else a process has open.
OPEN_FILES = 10_500


class NotPossible(Exception):
    """Why nothing can be measured here, and what to do."""


def check(given: argparse.Namespace) -> None:
    """Fails where a figure would mean nothing; warns where it would mean little."""
    if not sys.platform.startswith("linux"):
        raise NotPossible("CPU time and memory are read from /proc: run this on Linux")
    if given.server_core == given.load_core:
        raise NotPossible("the servers and the load need a core each: choose others with --server-core and --load-core")
    missing = {given.server_core, given.load_core} - os.sched_getaffinity(0)
    if missing:
        raise NotPossible(f"there is no core {min(missing)} for us: choose others with --server-core and --load-core")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
            raise NotPossible(f"{hard} files may be open at most, and 10,000 sockets need {OPEN_FILES}: raise ulimit -Hn")
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"bench: the machine is busy (load {busy:.1f}): these figures say little", file=sys.stderr)


def cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def commit() -> str:
    """The commit that is measured; marked when files differ from it."""
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if git("status", "--porcelain") else "")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of everything that it started, whether it has ended or not."""
    # utime, stime; those of children that ended (proc(5), fields 14 to 17).
    return sum(times(one, 4) for one in tree(pid))


def own_cpu_seconds(pid: int) -> float:
    """CPU time of the process itself."""
    return times(pid, 2)


def times(pid: int, fields: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in stat[11 : 11 + fields]) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Resident memory of a process and of those that it started, without Postgres."""
    kibibytes = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        if status["Name"].strip() not in ("postgres", "initdb"):
            kibibytes += int(status.get("VmRSS", "0 kB").split()[0])
    return kibibytes / 1024


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                left += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue
    return found
