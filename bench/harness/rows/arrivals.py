"""Creates that arrive at a steady rate (k6, open loop): how long people wait when the machine is not full."""

import time
from typing import Any

from harness.bench import Bench
from harness.figures import Row, busy, column, spread, take_turns
from harness.machine import ROOT
from harness.processes import environment, run_json

RATE = 200


def arrivals(bench: Bench) -> list[Row]:
    name = f"creates arriving at {RATE}/s, open loop"
    if bench.programs.k6 is None:
        return [Row(name, "not measured: k6 is not installed, and go is not there to build it")]
    bench.system, bench.baseline
    measured = take_turns(["system", "baseline"], bench.runs, lambda peer: measure(bench, peer))

    def told(runs: list[dict[str, Any]]) -> str:
        missing = sum(run["failed"] + run["dropped"] for run in runs)
        waits = f"p50 {spread(column(runs, 'p50'))}, p99 {spread(column(runs, 'p99'), ' ms')}"
        return waits + (f", {missing:.0f} not answered" if missing else "")

    return [Row(name, told(measured["system"]), beside=f"baseline {told(measured['baseline'])}", notes=busy(measured, above=0.7))]


def measure(bench: Bench, peer: str) -> dict[str, Any]:
    bench.only(peer)
    seconds = bench.seconds(15)
    settings = {"BASE": bench.peer(peer).base, "TOKENS": bench.tokens, "RATE": RATE, "SECONDS": seconds, "RUN": time.time_ns()}
    set_by = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    command = [bench.programs.k6, "run", "--quiet", "--no-usage-report", *set_by, ROOT / "bench/k6/create.js"]
    return run_json(bench.given.load_core, command, environment(K6_NO_USAGE_REPORT="true"), patience=120)
