"""Processes on their core."""

import json
import os
import resource
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.machine import cpu_seconds


def pinned(core: int | str, command: list[Any]) -> list[str]:
    return ["taskset", "--cpu-list", str(core), *map(str, command)]


def environment(**variables: str) -> dict[str, str]:
    """Nothing of the caller's settings reaches what is measured."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables


def until(condition: Callable[[], Any], what: str, patience: float = 60, pause: float = 0.05) -> Any:
    """Waits for a condition, and gives what made it true."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not happen within {patience:.0f} s")
        time.sleep(pause)
    return value


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Server:
    """A process that runs until it is stopped."""

    def __init__(self, core: int | str, command: list[Any], log: Path, env: dict[str, str], cwd: Path | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(pinned(core, command), stdout=out, stderr=out, env=env, cwd=cwd)
        # taskset becomes the program: the process id stays.
        self.pid = self.process.pid

    def wait_until(self, condition: Callable[[], Any], what: str, pause: float = 0.02) -> None:
        def met() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(f"{what} has ended: {self.log.read_text()[-2000:]}")
            return condition()

        until(met, f"the start of {what}", pause=pause)

    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


def run(core: int, command: list[Any], env: dict[str, str], patience: float = 600) -> tuple[str, float]:
    """Runs a load to its end: what it printed, and how busy it kept its core (1 is all of it)."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        done = subprocess.run(pinned(core, command), capture_output=True, text=True, env=env, timeout=patience, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{command[0]} {command[1]} did not end within {patience:.0f} s") from error
    elapsed, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{command[0]} {command[1]} failed: {done.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout.strip(), used / elapsed


def run_json(core: int, command: list[Any], env: dict[str, str], patience: float) -> dict[str, Any]:
    """The same with a measurement that prints JSON; `load_busy` is how busy it kept its core."""
    printed, busy = run(core, command, env, patience)
    measured = json.loads(printed) if printed.startswith("{") else {"text": printed}
    return measured | {"load_busy": busy}
