"""What each way to send statements costs: prepared once under a name, or anew in a transaction, as an older pooler needs it."""

from collections.abc import Callable
from typing import Any

from harness.bench import USERS, Bench
from harness.figures import Row, busy, column, median, number, spread, take_turns
from harness.rows import creates, lists

TOLD = {"alone": "cached", "unnamed": "unnamed", "pooled": "unnamed through PgBouncer"}


def statements(bench: Bench) -> list[Row]:
    peers = [peer for peer in TOLD if peer != "pooled" or bench.postgres.pooler_port]
    for peer in peers:
        bench.peer(peer)
    return [
        row(bench, peers, "creates", lambda peer: creates.measure(bench, peer, USERS)),
        row(bench, peers, "lists of 50 tasks", lambda peer: lists.measure(bench, peer)),
    ]


def row(bench: Bench, peers: list[str], what: str, measure: Callable[[str], dict[str, Any]]) -> Row:
    measured = take_turns(peers, bench.runs, measure)
    cached = median(column(measured["alone"], "per_second"))

    def told(peer: str) -> str:
        rate = column(measured[peer], "per_second")
        return f"{TOLD[peer]} {spread(rate)}/s ({number(100 * median(rate) / cached)} %)"

    others = "; ".join(told(peer) for peer in peers if peer != "alone")
    if "pooled" not in peers:
        others += "; PgBouncer is not installed"
    figure = f"cached {spread(column(measured['alone'], 'per_second'))}/s"
    return Row(f"{what} by how statements are sent, backend-api alone", figure, beside=others, notes=busy(measured))
