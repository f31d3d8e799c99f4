"""kill -9 under load, again and again: how many tasks were stored of which nobody was ever told."""

import json
import random
import subprocess
import time
import urllib.request

from harness.bench import Bench
from harness.figures import Row
from harness.peers import COMMON, Baseline, System
from harness.processes import environment, pinned

KILLS = 20


def losses(bench: Bench) -> list[Row]:
    kills = 3 if bench.quick else KILLS
    bench.system, bench.baseline
    bench.only("system")
    before = bench.postgres.number("tidings", "SELECT count(*) FROM core.tasks")
    for _ in range(kills):
        kill_under_load(bench, bench.system)
        bench.see(bench.system.base)
    bench.system.drain()
    stored = bench.postgres.number("tidings", "SELECT count(*) FROM core.tasks") - before
    lost = bench.system.behind()

    bench.only("baseline")
    known = set(bench.postgres.ask("baseline", "SELECT id FROM tasks"))
    for _ in range(kills):
        kill_under_load(bench, bench.baseline)
    made = set(bench.postgres.ask("baseline", "SELECT id FROM tasks")) - known
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.baseline.standin}/told", timeout=30) as answer:
        untold = made - set(json.load(answer))
    return [
        Row(
            f"creates stored but never told, {kills} × kill -9 under load",
            f"{lost} of {stored:,}",
            "0",
            f"baseline {len(untold)} of {len(made):,}",
            lost == 0,
            ["one run of each peer, one after the other"],
        )
    ]


def kill_under_load(bench: Bench, peer: System | Baseline) -> None:
    """The load goes on while the server is away; it ends before the server is back."""
    options = ["--kind", "create", "--seconds", "2", "--warm-up", "0", "--tolerant"]
    command = [bench.programs.load, "http", "--base", peer.base, "--tokens", bench.tokens, *options]
    load = subprocess.Popen(
        pinned(bench.given.load_core, command), env=environment(**COMMON), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(random.uniform(0.5, 1.8))
    peer.server.kill()
    load.wait(timeout=60)
    peer.start()
