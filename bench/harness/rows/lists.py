"""Reading the first 50 tasks, closed loop."""

from typing import Any

from harness.bench import Bench
from harness.figures import Row, busy, column, median, number, spread, take_turns
from harness.rows.creates import CONNECTIONS


def lists(bench: Bench) -> list[Row]:
    bench.system, bench.baseline
    measured = take_turns(["system", "baseline"], bench.runs, lambda peer: measure(bench, peer))
    ours, theirs = measured["system"], measured["baseline"]
    times = median(column(theirs, "cpu")) / median(column(ours, "cpu"))
    return [
        Row(
            "lists of 50 tasks",
            f"{spread(column(ours, 'per_second'))}/s",
            beside=f"baseline {spread(column(theirs, 'per_second'))}/s",
            notes=busy(measured),
        ),
        Row(
            "CPU for 1,000 lists",
            f"{spread(column(ours, 'cpu'), ' s')}, {number(times)}× less",
            beside=f"baseline's backend {spread(column(theirs, 'cpu'), ' s')}",
        ),
    ]


def measure(bench: Bench, peer: str) -> dict[str, Any]:
    bench.only(peer)
    one = bench.peer(peer)
    before = one.server.cpu()
    options = ["--connections", CONNECTIONS, "--seconds", bench.seconds(10), "--warm-up", bench.seconds(2)]
    run = bench.load("http", "--base", one.base, "--tokens", bench.tokens, "--kind", "list", *options)
    run["cpu"] = (one.server.cpu() - before) / (run["answered"] / 1000)
    return run
