"""Many sockets: what they weigh, how fast one update reaches all, and what those do that stop reading."""

from typing import Any

from harness.bench import Bench
from harness.figures import Row, busy, column, median, number, spread

SOCKETS = 10_000


def fresh(bench: Bench) -> list[Any]:
    """The system started anew, so that memory which earlier rows made it take does not hide what sockets take."""
    system = bench.system
    system.server.stop()
    system.start()
    bench.only("system")
    return ["--socket-port", system.socket_port, "--tokens", bench.tokens]


def idle(bench: Bench) -> list[Row]:
    count = 1000 if bench.quick else SOCKETS
    runs = []
    for _ in range(bench.runs):
        options = fresh(bench)
        runs.append(bench.load("idle", *options, "--pid", bench.system.server.pid, "--sockets", count))
    per_gib = column(runs, "sockets_per_gib")
    figure = f"{spread(column(runs, 'bytes_per_socket'))} bytes each, {number(median(per_gib))} per GiB"
    opened = [count / (run["opened_in_ms"] / 1000) for run in runs]
    notes = [f"opened at {spread(opened)}/s, each subscribed with the state of its workspace", *came_again(runs)]
    return [Row(f"{count:,} idle sockets of 1,000 users", figure, "≥ 60,000 per GiB", "Centrifugo: not here yet", median(per_gib) >= 60_000, notes)]


def fan_out(bench: Bench) -> list[Row]:
    count = 1000 if bench.quick else SOCKETS
    options = [*fresh(bench), "--base", bench.system.base]
    run = bench.load("fan-out", *options, "--sockets", count, "--updates", bench.runs + 1)
    # The first update finds nothing prepared.
    until_last = run["until_last_ms"][1:]
    figure = f"{spread(until_last, ' ms')} until the last one"
    reached = median(until_last) <= 500
    notes = [
        f"one run of {bench.runs} updates, after one that does not count",
        f"while they were told, the load, which reads them all, kept its core {100 * run['reading_busy']:.0f} % busy",
        *came_again([run]),
    ]
    return [Row(f"one update to {count:,} sockets of one user", figure, "≤ 500 ms", "Centrifugo: not here yet", reached, notes)]


def came_again(runs: list[dict[str, Any]]) -> list[str]:
    refused = int(sum(column(runs, "refused")))
    return [f"{refused} openings were answered 503 and made again a second later"] if refused else []


def stalled(bench: Bench) -> list[Row]:
    seconds = 5 if bench.quick else 60
    options = [*fresh(bench), "--base", bench.system.base, "--pid", bench.system.server.pid]
    run = bench.load("stalled", *options, "--seconds", seconds, patience=seconds + 300)
    before, during = run["others_before"]["from_due"], run["others_while_stalled"]["from_due"]
    grown = (run["resident_highest"] - run["resident_before"]) / 2**20
    memory = f"memory grew by {number(grown)} MiB at most; {run['closed']} were closed, {run['closed_1013']} of them told 1013"
    lost = run["others_while_stalled"]["lost"]
    return [
        Row(
            f"100 sockets that stop reading for {seconds} s, 20 updates of 8 KiB a second",
            f"the others' p50 {number(during['p50'])} ms, p99 {number(during['p99'])} ms, {lost or 'none'} lost; {memory}",
            limit="memory bounded, the others unhurt",
            beside=f"while all read: p50 {number(before['p50'])} ms, p99 {number(before['p99'])} ms",
            reached=not lost and grown <= 64 and during["p99"] <= max(50, 2 * before["p99"]),
            notes=["one run", *busy({"system": [run]}, above=0.7)],
        )
    ]
