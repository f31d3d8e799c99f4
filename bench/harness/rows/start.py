"""How soon the system is ready, with its own Postgres, and what it takes when nothing happens."""

import time
from typing import Any

from harness.bench import Bench
from harness.figures import Row, column, median, spread
from harness.machine import own_cpu_seconds, resident_mib
from harness.peers import System


def start(bench: Bench) -> list[Row]:
    bench.only()
    runs = [measure(bench, number) for number in range(bench.runs)]
    warm, memory = column(runs, "warm"), column(runs, "memory")
    return [
        Row("ready, cold: no data yet", spread(column(runs, "cold"), " s")),
        Row("ready, warm", spread(warm, " s"), "≤ 3 s", reached=median(warm) <= 3),
        Row("resident memory, idle, without Postgres", spread(memory, " MiB"), "≤ 150 MiB", reached=median(memory) <= 150),
        Row("CPU, idle, without Postgres", spread(column(runs, "cpu"), " % of a core")),
    ]


def measure(bench: Bench, number: int) -> dict[str, Any]:
    place = bench.place / f"start-{number}"
    begun = time.monotonic()
    system = System(bench.programs, bench.server_core, place, bench.offset + 1000, postgres=None)
    cold = time.monotonic() - begun
    try:
        system.server.stop()
        begun = time.monotonic()
        system.start()
        warm = time.monotonic() - begun
        time.sleep(bench.seconds(10))
        seconds = bench.seconds(10)
        before = own_cpu_seconds(system.server.pid)
        time.sleep(seconds)
        cpu = 100 * (own_cpu_seconds(system.server.pid) - before) / seconds
        return {"cold": cold, "warm": warm, "memory": resident_mib(system.server.pid), "cpu": cpu}
    finally:
        system.server.stop()

