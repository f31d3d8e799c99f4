"""The table, for the terminal and for docs/BENCHMARKS.md."""

import argparse
import datetime
import os

from harness import machine, tools
from harness.figures import Row
from harness.machine import ROOT

NOT_YET = [
    ("Centrifugo beside the sockets", "not there yet"),
]


def text(given: argparse.Namespace, rows: list[Row]) -> str:
    lines = ["| what | measured | to reach | beside it, in the same run | reached |", "|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row.name} | {row.figure} | {row.limit} | {row.beside} | {row.verdict()} |")
    notes = [f"- {row.name}: {note}." for row in rows for note in row.notes]
    if notes:
        lines += ["", "Notes:", "", *notes]
    if rows and not given.quick:
        lines += ["", "Not measured yet:", "", *(f"- {what}: {why}." for what, why in NOT_YET)]
    return "\n".join([*lines, "", *circumstances(given)]) + "\n"


def circumstances(given: argparse.Namespace) -> list[str]:
    server = tools.postgres_program("postgres")
    postgres = tools.version(server, "--version").removeprefix("postgres (PostgreSQL) ") if server else "unknown"
    now = datetime.datetime.now(datetime.UTC)
    k6 = tools.k6()
    return [
        f"Machine: {machine.cpu_model()}, {os.cpu_count()} cores, {machine.memory_gib():.0f} GiB, Linux {os.uname().release}; the servers and "
        f"Postgres on core {given.server_core}, the load on core {given.load_core}. Load average at the end {os.getloadavg()[0]:.1f}.",
        "",
        f"Commit {machine.commit()}, {now:%Y-%m-%d %H:%M} UTC. {given.runs} runs of each peer in ABBA order"
        f"{', short ones (--quick)' if given.quick else ''}, where no note says otherwise; medians, in brackets the lowest and the highest.",
        "",
        f"PostgreSQL {postgres} with its own settings but max_connections, fsync on; {tools.version(tools.CACHE / 'tools/bench-baseline/bin/python', '--version')} "
        f"with bench/baseline/requirements.txt; {tools.version(k6, 'version') if k6 else 'no k6'}.",
    ]


def write(table: str) -> None:
    head = (
        "# Benchmarks\n\nWritten by `bench/run --write`; [bench/README.md](../bench/README.md) says what each row does and why its peer is fair.\n"
        "Servers and load have a core each, so a figure per second is what one core serves, Postgres included.\n\n"
    )
    (ROOT / "docs/BENCHMARKS.md").write_text(head + table)
