"""What it costs that Postgres keeps the tenants apart too: row-level security on and off, for the very same statements."""

from typing import Any

from harness.bench import USERS, Bench
from harness.figures import Row, busy, column, median, number, spread, take_turns
from harness.rows import creates, lists

# It stays forced while it is disabled, so that the tables are known by this.
TABLES = "SELECT oid::regclass FROM pg_class WHERE relforcerowsecurity ORDER BY 1"


def isolation(bench: Bench) -> list[Row]:
    bench.alone
    try:
        return [row(bench, "creates"), row(bench, "lists of 50 tasks")]
    finally:
        switch(bench, "ENABLE")


def row(bench: Bench, what: str) -> Row:
    def measure(peer: str) -> dict[str, Any]:
        switch(bench, "ENABLE" if peer == "with" else "DISABLE")
        return creates.measure(bench, "alone", USERS) if what == "creates" else lists.measure(bench, "alone")

    measured = take_turns(["with", "without"], bench.runs, measure)
    secured, open_to_all = column(measured["with"], "per_second"), column(measured["without"], "per_second")
    # Turn by turn, because the machine drifts by more than what is to be seen.
    less = 100 * (1 - median(one / other for one, other in zip(secured, open_to_all, strict=True)))
    return Row(
        f"{what} with row-level security, backend-api alone",
        f"{spread(secured)}/s, {number(abs(less))} % {'less' if less >= 0 else 'more'} than without (median of the turns)",
        "≤ 10 % less",
        f"without: {spread(open_to_all)}/s",
        less <= 10,
        busy(measured),
    )


def switch(bench: Bench, action: str) -> None:
    # A backend-api that was stopped amid a transaction would keep its tables locked.
    bench.only("alone")
    tables = bench.postgres.ask("alone", TABLES)
    if not tables:
        raise RuntimeError("no table has row-level security: there is nothing to compare")
    # One after the other: to hold several would be a deadlock with whoever reads them in another order.
    for table in tables:
        bench.postgres.ask("alone", f"ALTER TABLE {table} {action} ROW LEVEL SECURITY")
