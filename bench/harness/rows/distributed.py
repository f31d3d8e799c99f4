"""The distributed system: from the outbox to a Kafka broker through daprd, and from a PATCH to a socket."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from harness import tools
from harness.bench import Bench
from harness.figures import Row, column, median, spread
from harness.peers import Distributed
from harness.processes import until
from harness.rows.updates import told

CONSUMERS = ("audit-service-daprd", "notification-service-daprd", "recurring-task-service-daprd", "websocket-service-daprd")

# Of the events that waited since the last mark: how many left after the first batch, per second from then to the last one.
DRAINED = """SELECT round(count(*) FILTER (WHERE published_at > first) / extract(epoch FROM max(published_at) - min(first)))
    FROM core.outbox, (SELECT min(published_at) AS first FROM core.outbox WHERE id > {mark}) AS batch WHERE id > {mark}"""

def distributed(bench: Bench) -> list[Row]:
    with running(bench) as system:
        options = ["--base", system.base, "--socket-port", system.socket_port, "--tokens", bench.tokens]
        rows = told(bench, options, " on daprd and Kafka")
        raw, drained = [], []
        for _ in range(bench.runs):
            # The consumers stand still, so that what is measured is the way to the broker.
            for part in CONSUMERS:
                system.signal(part, signal.SIGSTOP)
            raw.append(bench.load("publish", "--grpc-port", system.grpc_port, "--seconds", bench.seconds(5)))
            drained.append(drain(bench, system))
            for part in CONSUMERS:
                system.signal(part, signal.SIGCONT)
            system.drain()
    figure = f"{spread(drained)} events/s, each to three topics, none lost"
    beside = f"raw bulk publish to the same daprd: {spread(column(raw, 'per_second'))} messages/s"
    return [*rows, Row("outbox → Kafka through daprd", figure, "≥ 5,000 events/s", beside, median(drained) >= 5_000)]


@contextmanager
def running(bench: Bench) -> Iterator[Distributed]:
    """The distributed system, for as long as it is measured: at rest it would take from the others."""
    tools.real_sidecars()
    bench.only()
    if not bench.postgres.ask("postgres", "SELECT 1 FROM pg_database WHERE datname = 'distributed'"):
        bench.postgres.ask("postgres", "CREATE DATABASE distributed")
    system = Distributed(bench.programs, bench.both_cores, bench.place / "distributed", bench.offset + 500, bench.postgres)
    try:
        bench.see(system.base)
        yield system
    finally:
        system.server.stop()


def drain(bench: Bench, system: Distributed) -> float:
    """Lets events wait in the outbox, then lets them go; how many left per second."""
    waiting = "SELECT count(*) FROM core.outbox WHERE published_at IS NULL"
    until(lambda: bench.postgres.number("distributed", waiting) == 0, "an empty outbox")
    mark = bench.postgres.number("distributed", "SELECT coalesce(max(id), 0) FROM core.outbox")
    system.signal("backend-api-daprd", signal.SIGSTOP)
    create = ["--base", system.base, "--tokens", bench.tokens, "--kind", "create", "--warm-up", 0]
    bench.load("http", *create, "--seconds", bench.seconds(20))
    system.signal("backend-api-daprd", signal.SIGCONT)
    until(lambda: bench.postgres.number("distributed", waiting) == 0, "an empty outbox", patience=120)
    return bench.postgres.number("distributed", DRAINED.format(mark=mark))
