"""From a PATCH to another client's socket."""

from typing import Any

from harness.bench import Bench
from harness.figures import Row, busy, median, spread

RATE = 200


def updates(bench: Bench) -> list[Row]:
    system = bench.system
    bench.only("system")
    return told(bench, ["--base", system.base, "--socket-port", system.socket_port, "--tokens", bench.tokens])


def told(bench: Bench, options: list[Any], where: str = "") -> list[Row]:
    """The two rows of a system, `where` behind their names."""
    seconds = ["--rate", RATE, "--seconds", bench.seconds(15)]
    runs = [bench.load("updates", *options, *seconds) for _ in range(bench.runs)]

    def row(name: str, key: str, limit: bool) -> Row:
        p50, p99 = ([run[key][quantile] for run in runs] for quantile in ("p50", "p99"))
        lost = sum(run["lost"] for run in runs)
        figure = f"p50 {spread(p50)}, p99 {spread(p99, ' ms')}" + (f", {lost} lost" if lost else ", none lost")
        reached = not lost and median(p50) <= 15 and median(p99) <= 50
        notes = busy({"system": runs}, above=0.7)
        return Row(name, figure, "p50 ≤ 15 ms, p99 ≤ 50 ms" if limit else "–", "2–10 s in 001", reached if limit else None, notes)

    return [
        row(f"PATCH answered → another client's socket{where}, {RATE}/s, open loop", "from_answer", limit=True),
        # With the time of the answer itself, from the moment at which the request was due.
        row(f"PATCH due → another client's socket{where}, the same runs", "from_due", limit=False),
    ]
