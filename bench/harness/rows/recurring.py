"""Tasks that repeat: how many next instances a second are made of completions, and how long one is waited for."""

import time
from typing import Any

from harness.bench import Bench
from harness.figures import Row, busy, column, median, spread
from harness.peers import System
from harness.rows.distributed import running

# Each with a socket; of all together.
USERS, MANY = 50, 2_000
RATE = 50

# Of the series with a title: how many next instances there are, of how many of them.
FOUND = """SELECT count(*) || '|' || count(DISTINCT recurrence_id) FROM core.tasks WHERE title = '{title}' AND occurrence = 2"""


def recurring(bench: Bench) -> list[Row]:
    bench.system
    bench.only("system")
    return rows(bench, bench.system)


def distributed_recurring(bench: Bench) -> list[Row]:
    with running(bench) as system:
        return rows(bench, system, " on daprd and Kafka")


def rows(bench: Bench, system: System, where: str = "") -> list[Row]:
    """The two rows of a system, `where` behind their names."""
    # Practice that does not count.
    complete(bench, system, 100)
    many = 200 if bench.quick else MANY
    fast = [complete(bench, system, many) for _ in range(bench.runs)]
    paced = [complete(bench, system, RATE * bench.seconds(15), "--rate", RATE) for _ in range(bench.runs)]
    p50, p99 = ([run["from_answer"][quantile] for run in paced] for quantile in ("p50", "p99"))
    waits = f"p50 {spread(p50)}, p99 {spread(p99, ' ms')}, {told(paced)}"
    return [
        Row(
            f"completions → next instances{where}, {many:,} series of {USERS} users, closed loop",
            f"{spread(column(fast, 'per_second'))}/s, {told(fast)}",
            "none lost, none twice",
            reached=not any(wrong(fast)),
            notes=busy({"system": fast}),
        ),
        Row(
            f"completion answered → the next instance on its owner's socket{where}, {RATE}/s, open loop",
            waits,
            "p99 ≤ 1 s, none lost, none twice",
            reached=not any(wrong(paced)) and median(p99) <= 1_000,
            notes=busy({"system": paced}, above=0.7),
        ),
    ]


def complete(bench: Bench, system: System, series: int, *options: Any) -> dict[str, Any]:
    """Completes the first task of each of so many new series; what is lost or there twice is counted at the sockets and in the table."""
    title = f"Bench {time.time():.6f}"
    target = ["--base", system.base, "--socket-port", system.socket_port, "--tokens", bench.tokens]
    run = bench.load("recurring", *target, "--title", title, "--series", series, "--users", USERS, *options)
    there, different = (int(count) for count in bench.postgres.ask(system.database, FOUND.format(title=title))[0].split("|"))
    return run | {"lost": max(run["lost"], series - different), "twice": max(run["twice"], there - different)}


def wrong(runs: list[dict[str, Any]]) -> tuple[int, int]:
    return int(sum(column(runs, "lost"))), int(sum(column(runs, "twice")))


def told(runs: list[dict[str, Any]]) -> str:
    lost, twice = wrong(runs)
    return f"{lost or 'none'} lost, {twice or 'none'} twice"
